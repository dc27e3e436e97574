-- What people configure over the API knows the transaction of its latest change, which is its ETag. A squad's position
-- and state, and the amounts in a store, are no configuration: who reports them overtakes nobody.

ALTER TABLE squad ADD COLUMN changed_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
CREATE TRIGGER squad_changes BEFORE UPDATE OF name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone,
    capacity, rest_s, speed_km_h, turnout_s, members, vehicles ON squad
    FOR EACH ROW EXECUTE FUNCTION stamp_change();
ALTER TABLE shift ADD COLUMN changed_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
CREATE TRIGGER shift_changes BEFORE UPDATE ON shift FOR EACH ROW EXECUTE FUNCTION stamp_change();
ALTER TABLE grid ADD COLUMN changed_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
CREATE TRIGGER grid_changes BEFORE UPDATE ON grid FOR EACH ROW EXECUTE FUNCTION stamp_change();
ALTER TABLE contact ADD COLUMN changed_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
CREATE TRIGGER contact_changes BEFORE UPDATE ON contact FOR EACH ROW EXECUTE FUNCTION stamp_change();
ALTER TABLE store ADD COLUMN changed_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
CREATE TRIGGER store_changes BEFORE UPDATE ON store FOR EACH ROW EXECUTE FUNCTION stamp_change();
ALTER TABLE stock ADD COLUMN changed_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
CREATE TRIGGER stock_changes BEFORE UPDATE OF name_zh, name_en, unit, minimum ON stock
    FOR EACH ROW EXECUTE FUNCTION stamp_change();
ALTER TABLE shelter ADD COLUMN changed_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
CREATE TRIGGER shelter_changes BEFORE UPDATE OF name_zh, name_en, longitude, latitude, capacity, contact, phone ON shelter
    FOR EACH ROW EXECUTE FUNCTION stamp_change();

-- A proposed plan may be turned down; it stays on record.
ALTER TABLE plan ADD COLUMN rejected_by text, ADD COLUMN rejected_at timestamptz,
    ADD COLUMN rejected_why text NOT NULL DEFAULT '',
    ADD CHECK ((rejected_by IS NULL) = (rejected_at IS NULL)),
    ADD CHECK (approved_at IS NULL OR rejected_at IS NULL);

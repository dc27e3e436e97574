-- A rule is proposed by one person, approved by another, and in force from a time on. What was in force stays so.

ALTER TABLE rule
    ADD COLUMN proposed_by    text NOT NULL DEFAULT 'lifeline', -- 'lifeline': came with the program
    ADD COLUMN note           text NOT NULL DEFAULT '',
    ADD COLUMN approved_by    text,
    ADD COLUMN approved_at    timestamptz,
    ADD COLUMN effective_from timestamptz,
    ADD COLUMN rejected_by    text,
    ADD COLUMN rejected_at    timestamptz;
ALTER TABLE rule RENAME COLUMN loaded_at TO proposed_at;
UPDATE rule SET approved_by = 'lifeline', approved_at = proposed_at, effective_from = proposed_at;
ALTER TABLE rule
    ADD CONSTRAINT rule_approval CHECK (
        (approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL) = (effective_from IS NULL)),
    ADD CONSTRAINT rule_two_persons CHECK (approved_by <> proposed_by OR proposed_by = 'lifeline'),
    ADD CONSTRAINT rule_decided_once CHECK (approved_by IS NULL OR rejected_by IS NULL);

-- A person says that a hazard is over; the engine clears it, and raises it again later should it still be bad.
ALTER TABLE hazard
    ADD COLUMN dismissed_at timestamptz,
    ADD COLUMN dismissed_by text;
CREATE INDEX hazard_ended ON hazard (sensor_id, cleared_at);
CREATE INDEX hazard_dismissed ON hazard (hazard_id) WHERE cleared_at IS NULL AND dismissed_at IS NOT NULL;

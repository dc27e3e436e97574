-- Public warnings: drafted by one person, approved by another, released, updated, cancelled.
-- Each message that goes out is a row of its own, as in CAP; what it replaces stays.

CREATE TABLE warning (
    warning_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identifier    text UNIQUE, -- given at the release
    message       text NOT NULL CHECK (message IN ('Alert', 'Update', 'Cancel')),
    state         text NOT NULL CHECK (state IN
                  ('draft', 'approved', 'released', 'superseded', 'cancelled', 'discarded')),
    status        text NOT NULL CHECK (status IN ('Actual', 'Exercise', 'Test')),
    replaces      bigint REFERENCES warning,
    incident_id   bigint REFERENCES incident,
    event_level   smallint NOT NULL CHECK (event_level BETWEEN 1 AND 4),   -- what happened
    warning_level smallint NOT NULL CHECK (warning_level BETWEEN 1 AND 4), -- what it may become
    entry         jsonb NOT NULL, -- words in both languages, area, times, contact
    drafted_by    text NOT NULL,
    edited_by     text NOT NULL,
    approved_by   text,
    released_by   text,
    drafted_at    timestamptz NOT NULL,
    released_at   timestamptz,
    expires_at    timestamptz NOT NULL,
    revision      integer NOT NULL DEFAULT 1,
    CHECK (approved_by IS NULL OR message = 'Cancel' OR (approved_by <> drafted_by AND approved_by <> edited_by)),
    CHECK ((released_at IS NULL) = (identifier IS NULL))
);
CREATE INDEX warning_public ON warning (status, released_at DESC) WHERE released_at IS NOT NULL;
CREATE UNIQUE INDEX warning_one_successor ON warning (replaces) WHERE state NOT IN ('discarded');
CALL audit_table('warning');

CREATE TABLE warning_event (
    warning_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    warning_id       bigint NOT NULL REFERENCES warning,
    at               timestamptz NOT NULL,
    event            text NOT NULL, -- drafted, edited, approved, released, superseded, cancelled, discarded
    actor            text NOT NULL,
    note             text NOT NULL DEFAULT ''
);
CREATE INDEX warning_event_of ON warning_event (warning_id, warning_event_id);
CREATE TRIGGER warning_event_append_only BEFORE UPDATE OR DELETE ON warning_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION feed_warning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed (at, topic, event, data)
    SELECT NEW.at, 'warning', NEW.event, jsonb_build_object(
        'warning_id', NEW.warning_id, 'event', NEW.event, 'at', NEW.at, 'actor', NEW.actor, 'note', NEW.note,
        'identifier', w.identifier, 'status', w.status, 'state', w.state, 'incident_id', w.incident_id)
    FROM warning AS w WHERE w.warning_id = NEW.warning_id;
    RETURN NULL;
END $$;
CREATE TRIGGER warning_event_feed AFTER INSERT ON warning_event FOR EACH ROW EXECUTE FUNCTION feed_warning();

-- Rules in force, graded hazards, and the incidents that group them.
-- Grades are numbers as in the norms: 1 red (I), 2 orange (II), 3 yellow (III), 4 blue (IV).

CREATE TABLE rule (
    rule_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL,
    hazard_type text NOT NULL,
    revision    integer NOT NULL,
    body        jsonb NOT NULL,
    source      text NOT NULL, -- where the limits come from
    loaded_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, hazard_type, revision)
);

CREATE TABLE incident (
    incident_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL,
    hazard_type text NOT NULL,
    grade       smallint NOT NULL CHECK (grade BETWEEN 1 AND 4), -- gravest grade so far
    stage       text NOT NULL DEFAULT 'reported' CHECK (stage IN
                ('reported', 'filed', 'dispatched', 'handling', 'fed_back', 'verified', 'closed')),
    skill       text NOT NULL, -- what a squad must be able to do
    title_zh    text NOT NULL,
    title_en    text NOT NULL,
    grid_id     text REFERENCES grid,
    longitude   double precision,
    latitude    double precision,
    opened_at   timestamptz NOT NULL, -- time of the reading that opened it
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at   timestamptz
);
CREATE INDEX incident_open ON incident (grade, incident_id) WHERE closed_at IS NULL;

CREATE TABLE incident_event (
    incident_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id       bigint NOT NULL REFERENCES incident,
    at                timestamptz NOT NULL,
    event             text NOT NULL, -- opened, regraded, filed, dispatched, handling, fed_back, verified, closed, commented
    actor             text NOT NULL, -- 'engine', 'dispatcher', 'squad:NAME' or 'key:NAME'
    detail            jsonb NOT NULL DEFAULT '{}',
    recorded_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX incident_event_of ON incident_event (incident_id, incident_event_id);

CREATE TABLE hazard (
    hazard_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sensor_id       integer NOT NULL REFERENCES sensor,
    hazard_type     text NOT NULL,
    rule_id         bigint NOT NULL REFERENCES rule, -- the revision that judged the latest grade
    grade           smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    peak_grade      smallint NOT NULL CHECK (peak_grade BETWEEN 1 AND 4),
    latched         boolean NOT NULL,
    reason_zh       text NOT NULL,
    reason_en       text NOT NULL,
    raised_at       timestamptz NOT NULL, -- times of readings
    graded_at       timestamptz NOT NULL, -- of the latest change of grade
    checked_at      timestamptz, -- found harmless on site; frees the latch
    acknowledged_at timestamptz,
    acknowledged_by text,
    cleared_at      timestamptz,
    incident_id     bigint REFERENCES incident,
    recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX hazard_one_open ON hazard (sensor_id, hazard_type) WHERE cleared_at IS NULL;
CREATE INDEX hazard_of_incident ON hazard (incident_id);
CREATE INDEX hazard_raised ON hazard (raised_at DESC);

CREATE TABLE hazard_event (
    hazard_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hazard_id       bigint NOT NULL REFERENCES hazard,
    at              timestamptz NOT NULL,
    event           text NOT NULL, -- raised, upgraded, downgraded, cleared, acknowledged, checked
    grade           smallint CHECK (grade BETWEEN 1 AND 4), -- after the event; NULL when cleared
    reason_zh       text NOT NULL DEFAULT '',
    reason_en       text NOT NULL DEFAULT '',
    actor           text NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX hazard_event_of ON hazard_event (hazard_id, hazard_event_id);

-- Event rows are history: they are added, never changed.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER incident_event_append_only BEFORE UPDATE OR DELETE ON incident_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hazard_event_append_only BEFORE UPDATE OR DELETE ON hazard_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

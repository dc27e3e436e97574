-- Incidents that group hazards and also come from people, their clocks and verification; what officers say of hazards.

ALTER TABLE incident
    ADD COLUMN source text NOT NULL DEFAULT 'sensor' -- who told first
        CHECK (source IN ('sensor', 'hotline', 'police', 'patrol', 'system')),
    ADD COLUMN family text NOT NULL DEFAULT '', -- what hazards must share to join; '' from before there were families
    ADD COLUMN chamber text,
    ADD COLUMN peak_grade smallint NOT NULL DEFAULT 4 CHECK (peak_grade BETWEEN 1 AND 4), -- gravest so far
    ADD COLUMN reported_grade smallint CHECK (reported_grade BETWEEN 1 AND 4), -- by the person who reported it
    ADD COLUMN event_level smallint CHECK (event_level BETWEEN 1 AND 4), -- of the event law; set by a person, apart
    ADD COLUMN active_at timestamptz, -- when a hazard last joined or made it graver
    ADD COLUMN due_at timestamptz, -- when handling should be handed back; NULL while nobody handles it
    ADD COLUMN fed_back_at timestamptz, -- hand-back, which stops the clock
    ADD COLUMN overtime boolean NOT NULL DEFAULT false, -- a hand-back was late; stays, also when exempted
    ADD COLUMN appeal text CHECK (appeal IN ('pending', 'granted', 'rejected')), -- against the overtime
    ADD COLUMN appealed_by text,
    ADD COLUMN verified_how text CHECK (verified_how IN ('sensor', 'person', 'override')),
    ADD COLUMN verified_by text,
    ADD COLUMN verified_at timestamptz,
    ADD COLUMN merged_into bigint REFERENCES incident;
COMMENT ON COLUMN incident.grade IS 'of its worst open hazard, or as reported; the last one once all have cleared';
UPDATE incident SET peak_grade = grade, active_at = opened_at;

CREATE FUNCTION keep_peak() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.peak_grade := least(NEW.peak_grade, NEW.grade);
    NEW.active_at := coalesce(NEW.active_at, NEW.opened_at);
    RETURN NEW;
END $$;
CREATE TRIGGER incident_peak BEFORE INSERT OR UPDATE ON incident FOR EACH ROW EXECUTE FUNCTION keep_peak();

CREATE INDEX incident_active ON incident (family, active_at) WHERE closed_at IS NULL;
CREATE INDEX incident_chamber ON incident (chamber) WHERE closed_at IS NULL AND chamber IS NOT NULL;
CREATE INDEX incident_due ON incident (due_at) WHERE closed_at IS NULL AND fed_back_at IS NULL;
CREATE INDEX hazard_open_of_incident ON hazard (incident_id, grade) WHERE cleared_at IS NULL;
CREATE INDEX hazard_of_sensor ON hazard (sensor_id, raised_at DESC);

-- What people and other systems told, each once.
CREATE TABLE incident_report (
    incident_report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id        bigint NOT NULL REFERENCES incident,
    source             text NOT NULL CHECK (source IN ('hotline', 'police', 'patrol', 'system')),
    reference          text CHECK (reference <> ''), -- the number under which the source keeps it
    hazard_type        text NOT NULL,
    grade              smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    place              text NOT NULL,
    text               text NOT NULL,
    longitude          double precision CHECK (longitude BETWEEN -180 AND 180),
    latitude           double precision CHECK (latitude BETWEEN -90 AND 90),
    reported_at        timestamptz NOT NULL,
    actor              text NOT NULL,
    recorded_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (source, reference)
);
CREATE INDEX incident_report_of ON incident_report (incident_id);

ALTER TABLE hazard
    ADD COLUMN false_alarm_at timestamptz, -- an officer found that there was no danger; see its events for the reason
    ADD COLUMN false_alarm_by text;

-- Working time and handling limits of the county; the newest row is in force.
CREATE TABLE case_clock (
    case_clock_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body          jsonb NOT NULL,
    loaded_at     timestamptz NOT NULL
);

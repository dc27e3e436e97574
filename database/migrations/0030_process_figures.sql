-- What each process says of itself with its heartbeat: the latest figures, and a sample of them every half minute.

ALTER TABLE process
    ADD COLUMN ready_at timestamptz, -- when it was last ready
    ADD COLUMN figures  jsonb NOT NULL DEFAULT '{}';

CREATE TABLE process_sample (
    name    text NOT NULL,
    at      timestamptz NOT NULL,
    figures jsonb NOT NULL,
    PRIMARY KEY (name, at)
);
CREATE INDEX process_sample_at ON process_sample (at);

-- Troubles of the hub itself are looked up by type.
CREATE INDEX incident_of_hub ON incident (hazard_type, incident_id DESC) WHERE kind = 'hub';

-- While work is going on, hazards of some sensors are recorded but call nobody out; always for a time only.
CREATE TABLE silence (
    silence_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sensor_id   integer REFERENCES sensor, -- what is silenced is what meets all that is not NULL
    grid_id     text REFERENCES grid,
    kind        text,
    hazard_type text,
    work_order  text,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    reason      text NOT NULL CHECK (reason <> ''),
    created_by  text NOT NULL CHECK (created_by <> ''),
    created_at  timestamptz NOT NULL,
    ended_by    text, -- when a person ended it before its time
    CHECK (ends_at >= starts_at),
    CHECK (coalesce(sensor_id::text, grid_id, kind) IS NOT NULL) -- a silence of everything is nobody's work order
);
CREATE INDEX silence_ends ON silence (ends_at);

ALTER TABLE hazard ADD COLUMN silence_id bigint REFERENCES silence; -- raised in it; NULL again when it is over
CREATE INDEX hazard_silenced ON hazard (silence_id) WHERE silence_id IS NOT NULL AND cleared_at IS NULL;

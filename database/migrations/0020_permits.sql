-- Entry permits, judged from the freshest gas readings nearby.

CREATE TABLE permit (
    permit_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id    bigint NOT NULL REFERENCES task,
    verdict    text NOT NULL CHECK (verdict IN ('granted', 'refused', 'unknown')),
    reason_zh  text NOT NULL,
    reason_en  text NOT NULL,
    readings   jsonb NOT NULL,   -- what it was judged from
    judged_at  timestamptz NOT NULL,
    valid_until timestamptz,     -- of a granted one: when its readings are stale
    actor      text NOT NULL,
    ended_at   timestamptz,      -- revoked, lapsed, or the task is over
    ended_zh   text,
    ended_en   text,
    CHECK ((verdict = 'granted') = (valid_until IS NOT NULL))
);
CREATE INDEX permit_of_task ON permit (task_id, permit_id);
CREATE INDEX permit_standing ON permit (task_id) WHERE verdict = 'granted' AND ended_at IS NULL;

-- Orders to squads, and the outbox that tells them.

CREATE TABLE task (
    task_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incident,
    squad_id    text REFERENCES squad, -- NULL while nobody can be sent
    status      text NOT NULL CHECK (status IN
                ('unassigned', 'ordered', 'accepted', 'en_route', 'on_scene', 'done', 'refused', 'cancelled')),
    decision    jsonb NOT NULL, -- why this squad, who was passed over and why, what fell short
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CHECK ((status = 'unassigned') = (squad_id IS NULL))
);
CREATE UNIQUE INDEX task_one_open ON task (incident_id) WHERE status NOT IN ('done', 'refused', 'cancelled');
CREATE INDEX task_of_incident ON task (incident_id);
CREATE INDEX task_of_squad ON task (squad_id, task_id);

CREATE TABLE task_event (
    task_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id       bigint NOT NULL REFERENCES task,
    at            timestamptz NOT NULL,
    event         text NOT NULL, -- a status, or 'received'
    actor         text NOT NULL,
    note          text NOT NULL DEFAULT '',
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX task_event_of ON task_event (task_id, task_event_id);
CREATE TRIGGER task_event_append_only BEFORE UPDATE OR DELETE ON task_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- At least once, under one key: resent until the receipt is in.
CREATE TABLE notification (
    notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key             text NOT NULL UNIQUE, -- the idempotency key that the receiver sees
    task_id         bigint NOT NULL REFERENCES task,
    channel         text NOT NULL CHECK (channel IN ('mqtt')),
    recipient       text NOT NULL,
    body            jsonb NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz, -- NULL: nothing more to send
    sent_at         timestamptz, -- last hand-over to the broker
    received_at     timestamptz, -- the receiver's receipt
    created_at      timestamptz NOT NULL
);
CREATE INDEX notification_due ON notification (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX notification_of_task ON notification (task_id);

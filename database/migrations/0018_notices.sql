-- Everything that squads and people are told, in the one outbox; and the people.

ALTER TABLE notification
    ALTER COLUMN task_id DROP NOT NULL,
    DROP CONSTRAINT notification_channel_check, -- 'mqtt' for squads, 'console', or a channel of the channels file
    ADD COLUMN incident_id bigint REFERENCES incident,
    ADD COLUMN kind text NOT NULL DEFAULT 'order', -- order, cancelled, reminder, told, shortfall, overdue, permit …
    ADD COLUMN grade smallint NOT NULL DEFAULT 4 CHECK (grade BETWEEN 1 AND 4),
    ADD COLUMN attempted_at timestamptz,           -- latest attempt
    ADD COLUMN bundle bigint,                      -- sent within the message of this number
    ADD COLUMN received_by text,                   -- who said 收到并知晓
    ADD COLUMN error text NOT NULL DEFAULT '',     -- of the latest attempt; never holds an address
    ADD COLUMN dead_at timestamptz;                -- given up
ALTER TABLE notification ADD FOREIGN KEY (incident_id, exercise_id) REFERENCES incident (incident_id, exercise_id);
CREATE INDEX notification_of_recipient ON notification (recipient, channel, attempted_at);
CREATE INDEX notification_dead ON notification (notification_id) WHERE dead_at IS NOT NULL;

-- A notice is of the exercise of its task, or else of its incident; what is about neither is real.
CREATE FUNCTION take_exercise_of_subject() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.exercise_id := coalesce((SELECT exercise_id FROM task WHERE task_id = NEW.task_id),
                                (SELECT exercise_id FROM incident WHERE incident_id = NEW.incident_id), 0);
    RETURN NEW;
END $$;
DROP TRIGGER notification_exercise ON notification;
CREATE TRIGGER notification_exercise BEFORE INSERT ON notification
    FOR EACH ROW EXECUTE FUNCTION take_exercise_of_subject();
DROP FUNCTION take_exercise_of_task();

CREATE TABLE contact (
    contact_id text PRIMARY KEY CHECK (contact_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$'),
    name_zh    text NOT NULL,
    name_en    text NOT NULL,
    person     text NOT NULL CHECK (person IN ('grid_person', 'owner_unit', 'leader', 'duty_officer', 'county_leader')),
    grid_id    text REFERENCES grid, -- of a grid person
    unit       text,                 -- of who is there for an owner unit
    phone      text NOT NULL DEFAULT '',
    language   text NOT NULL DEFAULT 'zh' CHECK (language IN ('zh', 'en')),
    channels   text[] NOT NULL DEFAULT '{console}',
    most       smallint NOT NULL DEFAULT 6 CHECK (most >= 2), -- messages per channel in window_s
    window_s   integer NOT NULL DEFAULT 600 CHECK (window_s > 0),
    quiet      jsonb NOT NULL DEFAULT '{}' -- colour to local hours [from, to) in which that grade waits
);
CREATE INDEX contact_person ON contact (person);
ALTER TABLE shift ADD FOREIGN KEY (contact_id) REFERENCES contact, ADD FOREIGN KEY (substitute) REFERENCES contact;

-- Who owns the covers, pipes, drains … of a grid cell (权属单位), by kind of sensor.
CREATE TABLE grid_owner (
    grid_id text NOT NULL REFERENCES grid,
    kind    text NOT NULL,
    unit    text NOT NULL,
    PRIMARY KEY (grid_id, kind)
);

CREATE TABLE channel_test (
    channel   text PRIMARY KEY,
    tested_at timestamptz NOT NULL,
    ok        boolean NOT NULL,
    error     text NOT NULL DEFAULT ''
);

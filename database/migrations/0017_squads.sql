-- What a squad is made of, where it was seen last, and when who is on duty.

ALTER TABLE squad
    ADD COLUMN capacity smallint NOT NULL DEFAULT 1 CHECK (capacity BETWEEN 1 AND 9), -- tasks at the same time
    ADD COLUMN rest_s integer NOT NULL DEFAULT 0 CHECK (rest_s >= 0),                 -- after each task
    ADD COLUMN speed_km_h real NOT NULL DEFAULT 40 CHECK (speed_km_h > 0),
    ADD COLUMN turnout_s integer NOT NULL DEFAULT 120 CHECK (turnout_s >= 0),         -- from the order to wheels rolling
    ADD COLUMN seen_longitude double precision CHECK (seen_longitude BETWEEN -180 AND 180),
    ADD COLUMN seen_latitude double precision CHECK (seen_latitude BETWEEN -90 AND 90),
    ADD COLUMN seen_at timestamptz,
    ADD COLUMN out_since timestamptz,                 -- out of service: no vehicle, say
    ADD COLUMN out_reason text NOT NULL DEFAULT '',
    ADD COLUMN members jsonb NOT NULL DEFAULT '[]',   -- name, phone, skills of each
    ADD COLUMN vehicles jsonb NOT NULL DEFAULT '[]'; -- plate, type, equipment of each

-- Duty as shifts. A squad or person without any shift near a time keeps to the standing hours.
CREATE TABLE shift (
    shift_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid         text NOT NULL UNIQUE, -- iCalendar's
    squad_id    text REFERENCES squad,
    contact_id  text,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    kind        text NOT NULL DEFAULT 'duty' CHECK (kind IN ('duty', 'leave')),
    substitute  text,                      -- who stands in during a leave
    note        text NOT NULL DEFAULT '',
    handed_over_at   timestamptz,          -- the one who leaves has told the one who comes
    handed_over_note text NOT NULL DEFAULT '',
    handed_over_by   text,
    CHECK (ends_at > starts_at),
    CHECK (num_nonnulls(squad_id, contact_id) = 1)
);
CREATE INDEX shift_of_squad ON shift (squad_id, starts_at);
CREATE INDEX shift_of_contact ON shift (contact_id, starts_at);

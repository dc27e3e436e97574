-- What a squad records on site, and the one-time links that open its page.

-- Sent with the order; 256 random bits of which only the SHA-256 is kept. Each opens one session, for its task alone.
CREATE TABLE task_link (
    task_link_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id           bigint NOT NULL REFERENCES task,
    squad_id          text NOT NULL REFERENCES squad,
    key_sha256        bytea NOT NULL UNIQUE,
    made_at           timestamptz NOT NULL,
    expires_at        timestamptz NOT NULL,
    opened_at         timestamptz,  -- it is good once
    access_sha256     bytea UNIQUE, -- of the session that it opened
    access_expires_at timestamptz,
    ended_at          timestamptz,
    CHECK ((opened_at IS NULL) = (access_sha256 IS NULL) AND (opened_at IS NULL) = (access_expires_at IS NULL))
);
CREATE INDEX task_link_of ON task_link (task_id);

CREATE TABLE task_note (
    task_note_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id      bigint NOT NULL REFERENCES task,
    at           timestamptz NOT NULL,
    actor        text NOT NULL,
    text         text NOT NULL CHECK (text <> '')
);
CREATE INDEX task_note_of ON task_note (task_id, task_note_id);

-- Ticked items of the order's checklist, counted from 0; no row: not ticked.
CREATE TABLE task_tick (
    task_id bigint NOT NULL REFERENCES task,
    item    smallint NOT NULL CHECK (item >= 0),
    at      timestamptz NOT NULL,
    actor   text NOT NULL,
    PRIMARY KEY (task_id, item)
);

CREATE TABLE task_photo (
    task_photo_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id       bigint NOT NULL REFERENCES task,
    at            timestamptz NOT NULL,
    actor         text NOT NULL,
    sha256        bytea NOT NULL, -- of the file as it was sent
    width         integer NOT NULL,
    height        integer NOT NULL,
    taken_at      timestamptz,    -- by the camera's clock
    longitude     double precision CHECK (longitude BETWEEN -180 AND 180), -- as the camera noted it
    latitude      double precision CHECK (latitude BETWEEN -90 AND 90),
    UNIQUE (task_id, sha256)
);
-- Apart from the photo's row, so that lists don't read it and the audit trail doesn't repeat it. JPEG.
CREATE TABLE task_photo_image (
    task_photo_id bigint PRIMARY KEY REFERENCES task_photo,
    image         bytea NOT NULL,
    small         bytea NOT NULL
);
ALTER TABLE task_photo_image ALTER COLUMN image SET STORAGE EXTERNAL, ALTER COLUMN small SET STORAGE EXTERNAL;
CREATE TRIGGER task_photo_image_append_only BEFORE UPDATE OR DELETE ON task_photo_image
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CALL audit_table('task_link');
CALL audit_table('task_note');
CALL audit_table('task_tick');
CALL audit_table('task_photo');

-- Officers hear of it as of a task's steps; what belongs to a drill stays out.
CREATE FUNCTION feed_site_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed (at, topic, event, squad_id, data)
    SELECT NEW.at, 'task', TG_ARGV[0], t.squad_id, jsonb_build_object(
        'task_id', NEW.task_id, 'event', TG_ARGV[0], 'at', NEW.at, 'actor', NEW.actor,
        'note', coalesce(to_jsonb(NEW) ->> 'text', ''), 'incident_id', t.incident_id, 'squad_id', t.squad_id)
    FROM public.task AS t WHERE t.task_id = NEW.task_id AND t.exercise_id = 0;
    RETURN NULL;
END $$;
CREATE TRIGGER task_note_feed AFTER INSERT ON task_note FOR EACH ROW EXECUTE FUNCTION feed_site_record('note');
CREATE TRIGGER task_tick_feed AFTER INSERT ON task_tick FOR EACH ROW EXECUTE FUNCTION feed_site_record('ticked');
CREATE TRIGGER task_photo_feed AFTER INSERT ON task_photo FOR EACH ROW EXECUTE FUNCTION feed_site_record('photo');

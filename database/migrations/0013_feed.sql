-- What has just happened, in one order that readers can resume in, whatever table it stands in.
-- Rows are told apart by (transaction, feed_id): a reader takes only transactions before every one that still runs,
-- so it never passes over a row that commits late.

CREATE TABLE feed (
    feed_id     bigint GENERATED ALWAYS AS IDENTITY,
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at          timestamptz NOT NULL,
    topic       text NOT NULL CHECK (topic IN ('hazard', 'incident', 'task', 'squad', 'warning')),
    event       text NOT NULL,
    squad_id    text, -- whose task it is about
    data        jsonb NOT NULL,
    PRIMARY KEY (transaction, feed_id)
);
CREATE INDEX feed_at ON feed (at);

CREATE FUNCTION feed_hazard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed (at, topic, event, data)
    SELECT NEW.at, 'hazard', NEW.event, jsonb_build_object(
        'hazard_id', NEW.hazard_id, 'event', NEW.event, 'at', NEW.at, 'actor', NEW.actor, 'grade', NEW.grade,
        'reason', jsonb_build_object('zh', NEW.reason_zh, 'en', NEW.reason_en), 'hazard_type', h.hazard_type,
        'sensor', s.code, 'kind', s.kind, 'incident_id', h.incident_id)
    FROM hazard AS h JOIN sensor AS s USING (sensor_id) WHERE h.hazard_id = NEW.hazard_id;
    RETURN NULL;
END $$;
CREATE TRIGGER hazard_event_feed AFTER INSERT ON hazard_event FOR EACH ROW EXECUTE FUNCTION feed_hazard();

CREATE FUNCTION feed_incident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed (at, topic, event, data)
    SELECT NEW.at, 'incident', NEW.event, jsonb_build_object(
        'incident_id', NEW.incident_id, 'event', NEW.event, 'at', NEW.at, 'actor', NEW.actor, 'detail', NEW.detail,
        'grade', i.grade, 'stage', i.stage, 'hazard_type', i.hazard_type,
        'title', jsonb_build_object('zh', i.title_zh, 'en', i.title_en))
    FROM incident AS i WHERE i.incident_id = NEW.incident_id;
    RETURN NULL;
END $$;
CREATE TRIGGER incident_event_feed AFTER INSERT ON incident_event FOR EACH ROW EXECUTE FUNCTION feed_incident();

CREATE FUNCTION feed_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed (at, topic, event, squad_id, data)
    SELECT NEW.at, 'task', NEW.event, t.squad_id, jsonb_build_object(
        'task_id', NEW.task_id, 'event', NEW.event, 'at', NEW.at, 'actor', NEW.actor, 'note', NEW.note,
        'incident_id', t.incident_id, 'squad_id', t.squad_id)
    FROM task AS t WHERE t.task_id = NEW.task_id;
    RETURN NULL;
END $$;
CREATE TRIGGER task_event_feed AFTER INSERT ON task_event FOR EACH ROW EXECUTE FUNCTION feed_task();

CREATE FUNCTION feed_squad() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed (at, topic, event, squad_id, data)
    VALUES (NEW.updated_at, 'squad', 'changed', NEW.squad_id, to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER squad_feed AFTER INSERT OR UPDATE ON squad FOR EACH ROW EXECUTE FUNCTION feed_squad();

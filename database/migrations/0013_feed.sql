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

-- Once for all rows of a statement, since a storm raises thousands of hazards in one. What belongs to a drill stays out.
-- LIMIT 1 keeps each look-up one step into the index, whatever the statistics say of a table that has just grown.
CREATE FUNCTION feed_hazard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed (at, topic, event, data)
    SELECT n.at, 'hazard', n.event, jsonb_build_object(
        'hazard_id', n.hazard_id, 'event', n.event, 'at', n.at, 'actor', n.actor, 'grade', n.grade,
        'reason', jsonb_build_object('zh', n.reason_zh, 'en', n.reason_en), 'hazard_type', h.hazard_type,
        'sensor', s.code, 'kind', s.kind, 'incident_id', h.incident_id)
    FROM fresh AS n
    CROSS JOIN LATERAL (SELECT * FROM public.hazard WHERE hazard_id = n.hazard_id LIMIT 1) AS h
    CROSS JOIN LATERAL (SELECT code, kind FROM public.sensor WHERE sensor_id = h.sensor_id LIMIT 1) AS s
    WHERE h.exercise_id = 0 ORDER BY n.hazard_event_id;
    RETURN NULL;
END $$;
CREATE TRIGGER hazard_event_feed AFTER INSERT ON hazard_event REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION feed_hazard();

CREATE FUNCTION feed_incident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed (at, topic, event, data)
    SELECT n.at, 'incident', n.event, jsonb_build_object(
        'incident_id', n.incident_id, 'event', n.event, 'at', n.at, 'actor', n.actor, 'detail', n.detail,
        'grade', i.grade, 'stage', i.stage, 'hazard_type', i.hazard_type,
        'title', jsonb_build_object('zh', i.title_zh, 'en', i.title_en))
    FROM fresh AS n
    CROSS JOIN LATERAL (SELECT * FROM public.incident WHERE incident_id = n.incident_id LIMIT 1) AS i
    WHERE i.exercise_id = 0 ORDER BY n.incident_event_id;
    RETURN NULL;
END $$;
CREATE TRIGGER incident_event_feed AFTER INSERT ON incident_event REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION feed_incident();

CREATE FUNCTION feed_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed (at, topic, event, squad_id, data)
    SELECT n.at, 'task', n.event, t.squad_id, jsonb_build_object(
        'task_id', n.task_id, 'event', n.event, 'at', n.at, 'actor', n.actor, 'note', n.note,
        'incident_id', t.incident_id, 'squad_id', t.squad_id)
    FROM fresh AS n
    CROSS JOIN LATERAL (SELECT * FROM public.task WHERE task_id = n.task_id LIMIT 1) AS t
    WHERE t.exercise_id = 0 ORDER BY n.task_event_id;
    RETURN NULL;
END $$;
CREATE TRIGGER task_event_feed AFTER INSERT ON task_event REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION feed_task();

CREATE FUNCTION feed_squad() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed (at, topic, event, squad_id, data)
    VALUES (NEW.updated_at, 'squad', 'changed', NEW.squad_id, to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER squad_feed AFTER INSERT OR UPDATE ON squad FOR EACH ROW EXECUTE FUNCTION feed_squad();

-- A warning about what happens in an exercise is never an actual one, whoever drafts it and however it is edited; and
-- what is only exercised is not told to listeners and webhooks.

CREATE FUNCTION refuse_actual_warning_of_exercise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM public.incident WHERE incident_id = NEW.incident_id AND exercise_id <> 0) THEN
        RAISE EXCEPTION 'incident % is part of an exercise: its warnings are no actual ones', NEW.incident_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER warning_of_exercise BEFORE INSERT OR UPDATE OF status, incident_id ON warning
    FOR EACH ROW WHEN (NEW.status = 'Actual') EXECUTE FUNCTION refuse_actual_warning_of_exercise();

CREATE OR REPLACE FUNCTION feed_warning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed (at, topic, event, data)
    SELECT NEW.at, 'warning', NEW.event, jsonb_build_object(
        'warning_id', NEW.warning_id, 'event', NEW.event, 'at', NEW.at, 'actor', NEW.actor, 'note', NEW.note,
        'identifier', w.identifier, 'status', w.status, 'state', w.state, 'incident_id', w.incident_id)
    FROM warning AS w WHERE w.warning_id = NEW.warning_id AND w.status <> 'Exercise';
    RETURN NULL;
END $$;

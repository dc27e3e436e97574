-- People are enrolled in exercises too, each on channels of theirs: nobody else hears of a drill.

CREATE TABLE exercise_contact (
    exercise_id integer NOT NULL REFERENCES exercise CHECK (exercise_id <> 0),
    contact_id  text NOT NULL REFERENCES contact,
    channels    text[] NOT NULL CHECK (channels <> '{}'),
    PRIMARY KEY (exercise_id, contact_id)
);
CALL audit_table('exercise_contact');

-- The database itself refuses to tell anybody else. The console is no person: what nobody enrolled has the function for
-- is shown there.
CREATE FUNCTION refuse_untold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.exercise_id <> 0 AND NOT (CASE NEW.channel
        WHEN 'mqtt' THEN EXISTS (SELECT FROM exercise_squad
                                 WHERE exercise_id = NEW.exercise_id AND squad_id = NEW.recipient)
        WHEN 'console' THEN true
        ELSE EXISTS (SELECT FROM exercise_contact
                     WHERE exercise_id = NEW.exercise_id AND contact_id = NEW.recipient AND NEW.channel = ANY (channels))
    END) THEN
        RAISE EXCEPTION '% is not enrolled in exercise % on %', NEW.recipient, NEW.exercise_id, NEW.channel
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- Triggers fire in order of their names: this one after notification_exercise.
CREATE TRIGGER notification_exercise_enrolled BEFORE INSERT OR UPDATE OF recipient, channel ON notification
    FOR EACH ROW EXECUTE FUNCTION refuse_untold();

-- What an exercise's own sensors sent and could not become a reading, told by their names in the topic.
ALTER TABLE quarantine ADD COLUMN exercise_id integer NOT NULL DEFAULT 0 REFERENCES exercise;
CREATE FUNCTION take_exercise_of_topic() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.exercise_id := coalesce((SELECT exercise_id FROM exercise
        WHERE exercise_id = substring(NEW.topic FROM '/drill([0-9]{1,9})[.]')::integer), 0);
    RETURN NEW;
END $$;
CREATE TRIGGER quarantine_exercise BEFORE INSERT ON quarantine FOR EACH ROW
    WHEN (NEW.topic LIKE '%/drill%') EXECUTE FUNCTION take_exercise_of_topic();

-- As before, but for every table that is about exercises themselves.
CREATE OR REPLACE FUNCTION refresh_everyday() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    apart text;
BEGIN
    DROP SCHEMA IF EXISTS everyday CASCADE;
    CREATE SCHEMA everyday;
    FOR apart IN
        SELECT table_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND column_name = 'exercise_id'
          AND table_name NOT IN ('exercise', 'exercise_squad', 'exercise_contact')
        ORDER BY table_name
    LOOP
        EXECUTE format('CREATE VIEW everyday.%1$I AS SELECT * FROM public.%1$I WHERE exercise_id = 0', apart);
        IF to_regclass(format('public.%I', apart || '_event')) IS NOT NULL THEN
            EXECUTE format('CREATE VIEW everyday.%1$I AS SELECT * FROM public.%1$I AS event WHERE EXISTS'
                ' (SELECT FROM public.%2$I AS about WHERE about.%3$I = event.%3$I AND about.exercise_id = 0)',
                apart || '_event', apart, apart || '_id');
        END IF;
    END LOOP;
END $$;
SELECT refresh_everyday();

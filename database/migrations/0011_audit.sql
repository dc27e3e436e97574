-- Every change that a person or a key makes, row by row. The database writes it, so that no route can forget to.

CREATE TABLE audit (
    audit_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor       text NOT NULL, -- user:NAME, key:NAME or command:NAME
    role        text NOT NULL,
    address     text NOT NULL,
    request_id  text NOT NULL,
    action      text NOT NULL, -- name of the route, or of the command
    subject     text NOT NULL, -- name of the table
    before      jsonb,         -- NULL: the row is new
    after       jsonb,         -- NULL: the row is gone
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX audit_actor ON audit (actor, audit_id);
CREATE INDEX audit_subject ON audit (subject, audit_id);
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    secrets CONSTANT text[] := ARRAY['password_hash', 'key_sha256', 'access_sha256', 'refresh_sha256', 'secret'];
    trace   CONSTANT jsonb := current_setting('lifeline.trace')::jsonb;
    earlier CONSTANT jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    later   CONSTANT jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
BEGIN
    INSERT INTO audit (at, actor, role, address, request_id, action, subject, before, after)
    VALUES ((trace ->> 'at')::timestamptz, trace ->> 'actor', trace ->> 'role', trace ->> 'address',
            trace ->> 'request_id', trace ->> 'action', TG_TABLE_NAME, earlier - secrets, later - secrets);
    RETURN NULL;
END $$;

-- Only transactions that say on whose behalf they act are recorded: what sensors cause has event rows of its own.
CREATE PROCEDURE audit_table(name regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW'
                   ' WHEN (current_setting(''lifeline.trace'', true) <> '''') EXECUTE FUNCTION audit_change()', name);
END $$;

CALL audit_table('grid');
CALL audit_table('sensor');
CALL audit_table('squad');
CALL audit_table('quarantine');
CALL audit_table('rule');
CALL audit_table('hazard');
CALL audit_table('incident');
CALL audit_table('incident_report');
CALL audit_table('case_clock');
CALL audit_table('silence');
CALL audit_table('exercise');
CALL audit_table('task');
CALL audit_table('api_key');
CALL audit_table('account');
CALL audit_table('session');

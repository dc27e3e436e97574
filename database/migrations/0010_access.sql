-- Persons, their sessions, keys with a scope and an end, and requests that must not be carried out twice.

CREATE TABLE account (
    name                 text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9_.-]{0,31}$'),
    full_name            text NOT NULL DEFAULT '',
    role                 text NOT NULL CHECK (role IN
                         ('viewer', 'officer', 'approver', 'leader', 'squad', 'administrator')),
    squad_id             text REFERENCES squad,
    password_hash        text NOT NULL, -- argon2id
    must_change_password boolean NOT NULL,
    disabled_at          timestamptz,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    revision             integer NOT NULL DEFAULT 1,
    CHECK ((role = 'squad') = (squad_id IS NOT NULL))
);

-- One access and one refresh token at a time, both kept as SHA-256 of 256 random bits.
CREATE TABLE session (
    session_id        uuid PRIMARY KEY,
    account           text NOT NULL REFERENCES account,
    access_sha256     bytea NOT NULL UNIQUE,
    access_expires_at timestamptz NOT NULL,
    refresh_sha256    bytea NOT NULL,
    idle_expires_at   timestamptz NOT NULL, -- a refresh puts it off
    expires_at        timestamptz NOT NULL, -- nothing does
    created_at        timestamptz NOT NULL,
    refreshed_at      timestamptz NOT NULL,
    address           text NOT NULL, -- of the latest log-in or refresh
    agent             text NOT NULL,
    ended_at          timestamptz,
    ended_why         text CHECK (ended_why IN ('logged_out', 'revoked', 'password', 'disabled', 'reuse'))
);
CREATE INDEX session_of ON session (account, created_at) WHERE ended_at IS NULL;

-- Counted by name, whether there is such an account or not, so that a lock tells nothing.
CREATE TABLE login_failure (
    login_failure_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text NOT NULL,
    address          text NOT NULL,
    at               timestamptz NOT NULL
);
CREATE INDEX login_failure_of ON login_failure (name, at);

ALTER TABLE api_key
    DROP CONSTRAINT api_key_role_check,
    ADD CHECK (role IN ('viewer', 'officer', 'administrator', 'device')),
    ADD COLUMN scopes     text[] NOT NULL DEFAULT '{}', -- tags of the routes it is good for; empty: all that its role may
    ADD COLUMN expires_at timestamptz;

-- Written in the transaction of the change, so that it is there exactly when the change is.
CREATE TABLE idempotency (
    actor          text NOT NULL,
    key            text NOT NULL,
    request_sha256 bytea NOT NULL,
    at             timestamptz NOT NULL,
    status         integer, -- the answer; NULL until it is known
    headers        jsonb,
    body           bytea,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

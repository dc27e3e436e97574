-- Who may call the API, and which processes of the hub are alive.

CREATE TABLE api_key (
    name       text PRIMARY KEY,
    key_sha256 bytea NOT NULL UNIQUE,
    role       text NOT NULL CHECK (role IN ('viewer', 'officer', 'device')),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

CREATE TABLE process (
    name       text PRIMARY KEY, -- 'ingest', 'dispatch', 'api'
    pid        integer NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    ready      boolean NOT NULL,
    detail     text NOT NULL DEFAULT ''
);

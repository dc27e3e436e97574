-- Who is signed in at the console. Tokens lie here sealed under a key made from the browser's cookie, of which only the
-- SHA-256 is kept: neither the table nor the cookie alone is good for anything.

CREATE TABLE console_session (
    cookie_sha256 bytea PRIMARY KEY,
    session_id    uuid NOT NULL REFERENCES session,
    sealed        bytea NOT NULL,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX console_session_expires ON console_session (expires_at);

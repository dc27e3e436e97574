-- Whom to tell over HTTP what happens. Each has a place of its own in the feed, so it gets all, in order, at least once.

CREATE TABLE webhook (
    name            text PRIMARY KEY,
    url             text NOT NULL,
    topics          text[] NOT NULL,
    secret          text NOT NULL, -- of the signature
    enabled         boolean NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    revision        integer NOT NULL DEFAULT 1,
    transaction     xid8 NOT NULL, -- the last event that was taken
    feed_id         bigint NOT NULL,
    failures        integer NOT NULL DEFAULT 0, -- in a row
    next_attempt_at timestamptz NOT NULL,
    delivered_at    timestamptz,
    last_error      text NOT NULL DEFAULT ''
);
CALL audit_table('webhook');

-- name: beat
INSERT INTO process (name, pid, started_at, seen_at, ready, detail) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO UPDATE
SET pid = excluded.pid, started_at = excluded.started_at, seen_at = excluded.seen_at, ready = excluded.ready,
    detail = excluded.detail

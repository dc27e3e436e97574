-- name: held
SELECT quarantine_id, topic, octet_length(payload) AS size_bytes, reason, received_at
FROM quarantine WHERE status = 'held' AND quarantine_id > $1 ORDER BY quarantine_id LIMIT $2

-- name: one
SELECT quarantine_id, topic, payload, reason, received_at, status, decided_at FROM quarantine WHERE quarantine_id = $1

-- name: claim
-- Locks the row so that two people can't decide about one message; gone by the time the other one looks.
SELECT topic, payload FROM quarantine WHERE quarantine_id = $1 AND status = 'held' FOR UPDATE

-- name: decide
UPDATE quarantine SET status = $2, decided_at = $3 WHERE quarantine_id = $1

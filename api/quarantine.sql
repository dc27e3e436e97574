-- name: page
SELECT quarantine_id, topic, octet_length(payload) AS size_bytes, reason, received_at, status, decided_at
FROM quarantine
WHERE ($1::bigint IS NULL OR quarantine_id < $1)
  AND status = $2
ORDER BY quarantine_id DESC
LIMIT $3

-- name: one
SELECT quarantine_id, topic, octet_length(payload) AS size_bytes, reason, received_at, status, decided_at, payload
FROM quarantine
WHERE quarantine_id = $1

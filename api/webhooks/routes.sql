-- name: page
SELECT * FROM webhook WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2

-- name: one
SELECT * FROM webhook WHERE name = $1

-- name: lock
SELECT FROM webhook WHERE name = $1 FOR UPDATE

-- name: add
INSERT INTO webhook (name, url, topics, secret, enabled, created_at, updated_at, next_attempt_at, era, feed_id)
VALUES ($1, $2, $3, $4, $5, $6, $6, $6, $7, $8)
ON CONFLICT (name) DO NOTHING
RETURNING name

-- name: change
UPDATE webhook
SET url = $2, topics = $3, enabled = $4, updated_at = $5, next_attempt_at = $5, revision = revision + 1
WHERE name = $1

-- name: remove
DELETE FROM webhook WHERE name = $1

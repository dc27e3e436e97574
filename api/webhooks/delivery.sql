-- name: lease
UPDATE webhook SET next_attempt_at = $2
FROM (SELECT name FROM webhook WHERE enabled AND next_attempt_at <= $1 ORDER BY name FOR UPDATE SKIP LOCKED) AS due
WHERE webhook.name = due.name
RETURNING webhook.name, url, topics, secret, failures, era, feed_id

-- name: settle
UPDATE webhook
SET era = $2, feed_id = $3, failures = $4, last_error = $5, next_attempt_at = $6,
    delivered_at = coalesce($7, delivered_at)
WHERE name = $1

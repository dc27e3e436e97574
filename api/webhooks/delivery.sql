-- name: lease
UPDATE webhook SET next_attempt_at = $2
FROM (SELECT name FROM webhook WHERE enabled AND next_attempt_at <= $1 ORDER BY name FOR UPDATE SKIP LOCKED) AS due
WHERE webhook.name = due.name
RETURNING webhook.name, url, topics, secret, failures, transaction::text::bigint AS transaction, feed_id

-- name: waiting
SELECT transaction::text::bigint AS transaction, feed_id, at, topic, data
FROM feed
WHERE (transaction, feed_id) > ($1::text::xid8, $2) AND transaction < pg_snapshot_xmin(pg_current_snapshot())
  AND topic = ANY ($3::text[])
ORDER BY transaction, feed_id
LIMIT $4

-- name: settle
UPDATE webhook
SET transaction = $2::text::xid8, feed_id = $3, failures = $4, last_error = $5, next_attempt_at = $6,
    delivered_at = coalesce($7, delivered_at)
WHERE name = $1

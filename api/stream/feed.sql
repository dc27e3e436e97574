-- name: settled
SELECT feed_settled()

-- name: after
SELECT era, feed_id, at, topic, squad_id, data
FROM feed
WHERE (era, feed_id) > ($1, $2) AND feed_id <= $3 AND ($4::text[] IS NULL OR topic = ANY ($4))
ORDER BY era, feed_id
LIMIT $5

-- name: end
SELECT coalesce(max(era), 0) AS era, feed_settled() AS feed_id FROM feed

-- name: sweep
DELETE FROM feed WHERE at < $1

-- name: sweep_idempotency
DELETE FROM idempotency WHERE at < $1

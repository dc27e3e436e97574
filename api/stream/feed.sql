-- name: horizon
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint

-- name: after
SELECT transaction::text::bigint AS transaction, feed_id, topic, squad_id, data
FROM feed
WHERE (transaction, feed_id) > ($1::text::xid8, $2) AND transaction < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY transaction, feed_id
LIMIT $3

-- name: sweep
DELETE FROM feed WHERE at < $1

-- name: sweep_idempotency
DELETE FROM idempotency WHERE at < $1

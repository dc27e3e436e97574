-- name: page
SELECT stock_entry_id AS movement_id, store_id, item, what, amount, incident_id, at, actor, note
FROM stock_entry
WHERE ($1::bigint IS NULL OR stock_entry_id < $1)
  AND ($2::text IS NULL OR store_id = $2)
  AND ($3::text IS NULL OR item = $3)
  AND ($4::bigint IS NULL OR incident_id = $4)
ORDER BY stock_entry_id DESC
LIMIT $5

-- name: is_planned
-- What a response holds is released when its incident closes.
SELECT EXISTS (SELECT FROM response WHERE incident_id = $1)

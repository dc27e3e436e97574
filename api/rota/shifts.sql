-- name: page
SELECT *, coalesce(squad_id, contact_id) AS who FROM shift
WHERE ends_at > $1 AND starts_at < $2
  AND ($3::text IS NULL OR $3 IN (squad_id, contact_id))
  AND ($4::text IS NULL OR kind = $4)
  AND ($5::timestamptz IS NULL OR (starts_at, uid) > ($5, $6::text))
ORDER BY starts_at, uid
LIMIT $7

-- name: one
SELECT *, coalesce(squad_id, contact_id) AS who FROM shift WHERE uid = $1

-- name: lock
SELECT changed_in FROM shift WHERE uid = $1 FOR UPDATE

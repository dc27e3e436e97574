-- name: page
SELECT name, full_name, role, squad_id, disabled_at, must_change_password, created_at, updated_at, revision
FROM account
WHERE ($1::text IS NULL OR name > $1)
  AND ($2::text IS NULL OR role = $2)
  AND ($3::boolean IS NULL OR (disabled_at IS NOT NULL) = $3)
ORDER BY name
LIMIT $4

-- name: lock
SELECT FROM account WHERE name = $1 FOR UPDATE

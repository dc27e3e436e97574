-- name: add
INSERT INTO api_key (name, key_sha256, role, created_at, scopes, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO NOTHING
RETURNING name

-- name: revoke
UPDATE api_key SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL RETURNING name

-- name: tell
NOTIFY lifeline, 'access'

-- name: one
SELECT name, role, scopes, created_at, expires_at, revoked_at FROM api_key WHERE name = $1

-- name: page
SELECT name, role, scopes, created_at, expires_at, revoked_at FROM api_key
WHERE $1::text IS NULL OR name > $1
ORDER BY name
LIMIT $2

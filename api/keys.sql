-- name: find
SELECT name, role FROM api_key WHERE key_sha256 = $1 AND revoked_at IS NULL

-- name: add
INSERT INTO api_key (name, key_sha256, role, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING
RETURNING name

-- name: revoke
UPDATE api_key SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL RETURNING name

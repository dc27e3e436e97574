-- name: all_keys
SELECT name, role, scopes, created_at, expires_at, revoked_at FROM api_key ORDER BY name

-- name: all_keys
SELECT name, role, created_at, revoked_at FROM api_key ORDER BY name

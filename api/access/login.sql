-- name: open_sessions
SELECT session_id, created_at, refreshed_at, least(idle_expires_at, expires_at) AS expires_at, address, agent
FROM session
WHERE account = $1 AND ended_at IS NULL AND least(idle_expires_at, expires_at) > $2
ORDER BY created_at DESC
LIMIT $3

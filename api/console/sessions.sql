-- name: keep
INSERT INTO console_session (cookie_sha256, session_id, sealed, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (cookie_sha256) DO UPDATE SET sealed = excluded.sealed

-- name: find
SELECT c.sealed, a.name, a.full_name, a.role, a.squad_id, a.must_change_password
FROM console_session AS c
JOIN session AS s USING (session_id)
JOIN account AS a ON a.name = s.account
WHERE c.cookie_sha256 = $1 AND c.expires_at > $2 AND s.ended_at IS NULL AND s.expires_at > $2 AND a.disabled_at IS NULL

-- name: forget
DELETE FROM console_session WHERE cookie_sha256 = $1 OR expires_at < $2

-- name: find
SELECT 'key' AS sort, name, role, NULL::text AS squad_id, NULL::uuid AS session_id, false AS must_change_password,
       scopes, expires_at
FROM api_key
WHERE key_sha256 = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
UNION ALL
SELECT 'user', a.name, a.role, a.squad_id, s.session_id, a.must_change_password, '{}', s.access_expires_at
FROM session AS s
JOIN account AS a ON a.name = s.account
WHERE s.access_sha256 = $1 AND s.access_expires_at > $2 AND s.ended_at IS NULL AND a.disabled_at IS NULL

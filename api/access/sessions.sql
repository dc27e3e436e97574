-- name: one_by_one
-- A statement of its own: the next one then sees what was committed while this one waited.
SELECT pg_advisory_xact_lock(hashtext('login'), hashtext($1))

-- name: count_failure
-- This attempt included.
WITH gone AS (
    DELETE FROM login_failure WHERE name = $1 AND at < $4
), noted AS (
    INSERT INTO login_failure (name, address, at) VALUES ($1, $2, $3)
)
SELECT count(*) FILTER (WHERE address = $2) + 1 AS from_address, count(*) + 1 AS in_all, coalesce(min(at), $3) AS oldest
FROM login_failure
WHERE name = $1 AND at >= $4

-- name: password
SELECT password_hash, role, disabled_at IS NOT NULL AS disabled, must_change_password FROM account WHERE name = $1

-- name: forgive
DELETE FROM login_failure WHERE name = $1 AND address = $2

-- name: begin
INSERT INTO session (session_id, account, access_sha256, access_expires_at, refresh_sha256, idle_expires_at, expires_at,
                     created_at, refreshed_at, address, agent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)

-- name: lock
SELECT s.account, s.refresh_sha256, s.expires_at, a.role, a.must_change_password
FROM session AS s
JOIN account AS a ON a.name = s.account
WHERE s.session_id = $1 AND s.ended_at IS NULL AND least(s.idle_expires_at, s.expires_at) > $2 AND a.disabled_at IS NULL
FOR UPDATE OF s

-- name: rotate
UPDATE session
SET access_sha256 = $2, access_expires_at = $3, refresh_sha256 = $4, idle_expires_at = $5, refreshed_at = $6,
    address = $7, agent = $8
WHERE session_id = $1

-- name: end
UPDATE session SET ended_at = $4, ended_why = $3
WHERE session_id = $1 AND ($2::text IS NULL OR account = $2) AND ended_at IS NULL
RETURNING session_id

-- name: tell
NOTIFY lifeline, 'access'

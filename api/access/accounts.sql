-- name: one
SELECT name, full_name, role, squad_id, disabled_at, must_change_password, created_at, updated_at, revision
FROM account WHERE name = $1

-- name: lock
-- Two administrators that disable each other at once would leave none.
SELECT pg_advisory_xact_lock(hashtext('account'))

-- name: add
INSERT INTO account (name, full_name, role, squad_id, password_hash, must_change_password, disabled_at, created_at,
                     updated_at)
VALUES ($1, $2, $3, $4, $5, true, CASE WHEN $6 THEN $7::timestamptz END, $7, $7)
ON CONFLICT (name) DO NOTHING
RETURNING name

-- name: change
UPDATE account
SET full_name = $2, role = $3, squad_id = $4, updated_at = $6, revision = revision + 1,
    disabled_at = CASE WHEN $5 THEN coalesce(disabled_at, $6) END
WHERE name = $1
RETURNING name

-- name: has_administrator
SELECT EXISTS (SELECT FROM account WHERE role = 'administrator' AND disabled_at IS NULL)

-- name: has_any
SELECT EXISTS (SELECT FROM account)

-- name: has_squad
SELECT EXISTS (SELECT FROM squad WHERE squad_id = $1)

-- name: set_password
UPDATE account
SET password_hash = $2, must_change_password = $3, updated_at = $4, revision = revision + 1
WHERE name = $1
RETURNING name

-- name: forgive
DELETE FROM login_failure WHERE name = $1

-- name: end_sessions
UPDATE session SET ended_at = $3, ended_why = $2 WHERE account = $1 AND ended_at IS NULL RETURNING session_id

-- name: tell
NOTIFY lifeline, 'access'

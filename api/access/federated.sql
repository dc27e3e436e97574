-- name: put
-- Nothing for one who was disabled here: that holds whatever the provider says.
INSERT INTO account (name, full_name, role, password_hash, must_change_password, created_at, updated_at)
VALUES ($1, $2, $3, $4, false, $5, $5)
ON CONFLICT (name) DO UPDATE SET full_name = excluded.full_name, role = excluded.role, squad_id = NULL,
    must_change_password = false,
    revision = account.revision + (account.role <> excluded.role OR account.full_name <> excluded.full_name)::integer,
    updated_at = excluded.updated_at
WHERE account.disabled_at IS NULL
RETURNING name

-- name: all_accounts
SELECT name, full_name, role, squad_id, disabled_at, must_change_password FROM account ORDER BY name

-- name: sensors
SELECT code, kind FROM sensor ORDER BY code

-- name: squads
SELECT squad_id FROM squad ORDER BY squad_id

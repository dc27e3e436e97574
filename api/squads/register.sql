-- name: page
SELECT * FROM squad AS q
WHERE ($1::text IS NULL OR q.squad_id > $1)
  AND ($2::text IS NULL OR $2 = ANY (q.skills))
ORDER BY q.squad_id
LIMIT $3

-- name: one
SELECT * FROM squad AS q
WHERE q.squad_id = $1

-- name: lock
SELECT changed_in FROM squad WHERE squad_id = $1 FOR UPDATE

-- name: put
INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone, capacity,
                   rest_s, speed_km_h, turnout_s, members, vehicles, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (squad_id) DO UPDATE SET
    name_zh = excluded.name_zh, name_en = excluded.name_en, skills = excluded.skills,
    longitude = excluded.longitude, latitude = excluded.latitude, duty_start = excluded.duty_start,
    duty_end = excluded.duty_end, phone = excluded.phone, capacity = excluded.capacity, rest_s = excluded.rest_s,
    speed_km_h = excluded.speed_km_h, turnout_s = excluded.turnout_s, members = excluded.members,
    vehicles = excluded.vehicles, updated_at = excluded.updated_at

-- name: take_turn
SELECT pg_advisory_xact_lock($1)

-- name: remove
DELETE FROM squad WHERE squad_id = $1

-- name: tell
NOTIFY lifeline, 'incident'

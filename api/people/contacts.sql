-- name: page
SELECT * FROM contact
WHERE ($1::text IS NULL OR contact_id > $1)
  AND ($2::text IS NULL OR person = $2)
  AND ($3::text IS NULL OR grid_id = $3)
ORDER BY contact_id
LIMIT $4

-- name: one
SELECT * FROM contact WHERE contact_id = $1

-- name: lock
SELECT changed_in FROM contact WHERE contact_id = $1 FOR UPDATE

-- name: put
INSERT INTO contact (contact_id, name_zh, name_en, person, grid_id, unit, phone, language, channels)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (contact_id) DO UPDATE SET
    name_zh = excluded.name_zh, name_en = excluded.name_en, person = excluded.person, grid_id = excluded.grid_id,
    unit = excluded.unit, phone = excluded.phone, language = excluded.language, channels = excluded.channels

-- name: remove
DELETE FROM contact WHERE contact_id = $1

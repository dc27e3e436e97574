-- name: page
SELECT * FROM shelter
WHERE ($1::text IS NULL OR shelter_id > $1) AND ($2::boolean IS NULL OR is_open = $2)
ORDER BY shelter_id LIMIT $3

-- name: one
SELECT * FROM shelter WHERE shelter_id = $1

-- name: lock
SELECT changed_in, occupancy FROM shelter WHERE shelter_id = $1 FOR UPDATE

-- name: put
INSERT INTO shelter (shelter_id, name_zh, name_en, longitude, latitude, capacity, contact, phone, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (shelter_id) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en,
    longitude = excluded.longitude, latitude = excluded.latitude, capacity = excluded.capacity,
    contact = excluded.contact, phone = excluded.phone, updated_at = excluded.updated_at

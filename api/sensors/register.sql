-- name: page
SELECT code, kind, name_zh, name_en, grid_id, longitude, latitude, owner_unit, interval_s, attributes, provisioned,
       updated_at
FROM sensor
WHERE ($1::text IS NULL OR code > $1)
  AND ($2::text IS NULL OR kind = $2)
  AND ($3::text IS NULL OR grid_id = $3)
  AND ($4::boolean IS NULL OR provisioned = $4)
ORDER BY code
LIMIT $5

-- name: one
SELECT code, kind, name_zh, name_en, grid_id, longitude, latitude, owner_unit, interval_s, attributes, provisioned,
       updated_at
FROM sensor
WHERE code = $1

-- name: sensors
SELECT * FROM sensor
WHERE code > $1 AND ($2::text IS NULL OR kind = $2) AND retired_at IS NULL
ORDER BY code
LIMIT $3

-- name: codes
SELECT sensor_id, code FROM sensor WHERE kind = $1 AND ($2::text[] IS NULL OR code = ANY ($2)) ORDER BY sensor_id

-- name: readings
-- {table} and {columns} come from ingest.kinds. ($4, $5) are sensor and time of the last row before.
SELECT sensor_id, time, {columns} FROM {table}
WHERE sensor_id = ANY ($1::integer[]) AND time >= $2 AND time < $3
  AND (sensor_id > $4 OR (sensor_id = $4 AND time > $5))
ORDER BY sensor_id, time
LIMIT $6

-- name: sensor
SELECT sensor_id, kind FROM sensor WHERE code = $1

-- name: raw
-- {table} and {columns} come from ingest.kinds, the days from days.py. $4 is the time of the last row of the page
-- before.
SELECT {columns} FROM {table}
WHERE sensor_id = $1 AND time >= $2 AND time < $3 AND ($4::timestamptz IS NULL OR time > $4)
  AND time >= '{{first_day}}' AND time < '{{day_after}}'
ORDER BY time
LIMIT $5

-- name: rollup
SELECT {columns} FROM {table}
WHERE sensor_id = $1 AND bucket >= $2 AND bucket < $3 AND ($4::timestamptz IS NULL OR bucket > $4)
  AND bucket >= '{{first_day}}' AND bucket < '{{day_after}}'
ORDER BY bucket
LIMIT $5

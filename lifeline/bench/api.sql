-- name: fill
-- {table} and {column} come from ingest.kinds.
INSERT INTO {table} (sensor_id, time, {column})
SELECT sensor_id, at, (sensor_id + extract(hour FROM at)) % 10
FROM (SELECT sensor_id FROM sensor WHERE kind = $1 ORDER BY sensor_id LIMIT $2) AS few
CROSS JOIN generate_series($3::timestamptz, $4::timestamptz, $5::interval) AS at

-- name: settle
VACUUM ANALYZE

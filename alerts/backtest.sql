-- name: sensors
SELECT sensor_id, code, attributes, interval_s FROM sensor WHERE kind = $1 ORDER BY sensor_id

-- name: places
SELECT sensor_id, kind, longitude, latitude, exercise_id FROM sensor

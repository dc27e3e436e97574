-- name: horizon
-- Every transaction before this one is over; read first, it errs on the safe side.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint

-- name: sensors_changed_since
SELECT sensor_id, code, kind, attributes, interval_s, longitude, latitude, exercise_id
FROM sensor WHERE changed_in >= $1 ORDER BY sensor_id

-- name: provision
INSERT INTO sensor (code, kind, provisioned)
SELECT code, kind, true FROM unnest($1::text[], $2::text[]) AS fresh (code, kind)
ON CONFLICT (code) DO NOTHING

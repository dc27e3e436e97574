-- name: sensors
SELECT sensor_id, code, kind FROM sensor
WHERE kind = ANY ($1::text[]) AND ($2::text[] IS NULL OR code = ANY ($2)) AND ($3::text IS NULL OR code > $3)
ORDER BY code
LIMIT $4

-- name: latest
-- {table} and {columns} come from ingest.kinds, the days from days.py: the span of time keeps a silent sensor from reading
-- every chunk. Whole days only, since times as parameters would have the chunks chosen anew for each sensor.
SELECT wanted.sensor_id, reading.*
FROM unnest($1::integer[]) AS wanted (sensor_id)
CROSS JOIN LATERAL (
    SELECT {columns} FROM {table} AS r
    WHERE r.sensor_id = wanted.sensor_id AND r.time >= '{{first_day}}' AND r.time < '{{day_after}}'
    ORDER BY r.time DESC
    LIMIT 1
) AS reading

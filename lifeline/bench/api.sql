-- name: fill
-- {table} and {column} come from ingest.kinds.
INSERT INTO {table} (sensor_id, time, {column})
SELECT sensor_id, at, (sensor_id + extract(hour FROM at)) % 10
FROM (SELECT sensor_id FROM sensor WHERE kind = $1 ORDER BY sensor_id LIMIT $2) AS few
CROSS JOIN generate_series($3::timestamptz, $4::timestamptz, $5::interval) AS at

-- name: settle
VACUUM ANALYZE

-- name: incident
INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, opened_at)
VALUES ('gas', 'gas_leak', 4, 'gas', '压力测试', 'benchmark', $1) RETURNING incident_id

-- name: event
WITH said AS (
    INSERT INTO incident_event (incident_id, at, event, actor) VALUES ($1, $2, 'commented', 'bench')
)
SELECT pg_notify('lifeline', 'incident')

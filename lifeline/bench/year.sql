-- name: register
-- Sensors spread over the grids, each within some hundred metres of a point of its grid.
INSERT INTO sensor (code, kind, name_zh, name_en, grid_id, longitude, latitude, attributes)
SELECT code, $1, code, code, grid_id, 112.44 + random() * 0.2, 23.63 + random() * 0.2, attributes
FROM unnest($2::text[], $3::jsonb[]) WITH ORDINALITY AS given (code, attributes, place)
JOIN (SELECT grid_id, row_number() OVER (ORDER BY grid_id) AS number, count(*) OVER () AS grids FROM grid) AS grid
    ON number = 1 + place % grids
ORDER BY place RETURNING sensor_id

-- name: cases
-- Hazards and what followed, spread evenly over the span: one in twenty is open still.
WITH chosen AS (
    SELECT n, $1::timestamptz + n * ($2::timestamptz - $1) / $3::integer AS at, n % 20 = 0 AS open, 1 + n % 4 AS grade,
           rule.*, sensor.*
    FROM generate_series(1, $3::integer) AS n
    JOIN (SELECT rule_id, kind, hazard_type, row_number() OVER (ORDER BY rule_id) AS place, count(*) OVER () AS rules
          FROM rule WHERE NOT coalesce((body ->> 'maintenance')::boolean, false)) AS rule ON rule.place = 1 + n % rules
    JOIN (SELECT sensor_id, kind AS sort, grid_id, longitude, latitude,
                 row_number() OVER (PARTITION BY kind ORDER BY sensor_id) AS number,
                 count(*) OVER (PARTITION BY kind) AS sensors FROM sensor) AS sensor
        ON sort = rule.kind AND number = 1 + (n / rules) % sensors
), distinct_open AS (
    SELECT DISTINCT ON (open, CASE WHEN open THEN sensor_id ELSE n END, hazard_type) * FROM chosen
), opened AS (
    INSERT INTO incident (kind, hazard_type, grade, stage, skill, title_zh, title_en, grid_id, longitude, latitude,
                          opened_at, closed_at, family)
    SELECT kind, hazard_type, grade, CASE WHEN open THEN 'handling' ELSE 'closed' END, 'gas', '险情', 'hazard', grid_id,
           longitude, latitude, at, CASE WHEN NOT open THEN at + INTERVAL '2 hours' END, kind
    FROM distinct_open ORDER BY n RETURNING *
), logged AS (
    INSERT INTO incident_event (incident_id, at, event, actor)
    SELECT incident_id, opened_at + place * INTERVAL '5 minutes', event, 'engine'
    FROM opened, unnest(ARRAY['opened', 'filed', 'dispatched', 'handling', 'fed_back', 'closed']) WITH ORDINALITY
        AS steps (event, place)
), raised AS (
    INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en, raised_at,
                        graded_at, cleared_at, recorded_at)
    SELECT sensor_id, hazard_type, rule_id, grade, grade, false, '超过限值', 'above the limit', at, at,
           CASE WHEN NOT open THEN at + INTERVAL '1 hour' END, at + INTERVAL '1 second'
    FROM distinct_open RETURNING *
), told AS (
    INSERT INTO hazard_event (hazard_id, at, event, grade, actor)
    SELECT hazard_id, raised_at, 'raised', grade, 'engine' FROM raised
    UNION ALL SELECT hazard_id, cleared_at, 'cleared', NULL, 'engine' FROM raised WHERE cleared_at IS NOT NULL
), tasked AS (
    INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)
    SELECT incident_id, squad_id, CASE WHEN closed_at IS NULL THEN 'on_scene' ELSE 'done' END,
           '{"reason": {"zh": "近", "en": "near"}}', opened_at, opened_at + INTERVAL '1 hour'
    FROM opened JOIN (SELECT squad_id, row_number() OVER (ORDER BY squad_id) AS number, count(*) OVER () AS squads
                      FROM squad) AS squad ON number = 1 + incident_id % squads
    RETURNING *
), stepped AS (
    INSERT INTO task_event (task_id, at, event, actor)
    SELECT task_id, created_at + place * INTERVAL '5 minutes', event, 'squad'
    FROM tasked, unnest(ARRAY['ordered', 'accepted', 'on_scene', 'done']) WITH ORDINALITY AS steps (event, place)
)
INSERT INTO notification (key, task_id, channel, recipient, body, created_at, sent_at, received_at)
SELECT 'order-' || task_id, task_id, 'mqtt', squad_id, '{}', created_at, created_at + INTERVAL '1 second',
       created_at + INTERVAL '3 seconds'
FROM tasked

-- name: size_of_chunks
SELECT hypertable_size($1::regclass)

-- name: size_of_partitions
SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint FROM pg_inherits WHERE inhparent = $1::regclass

-- name: compressed
-- Bytes of the chunks that are compressed, before and now.
SELECT coalesce(before_compression_total_bytes, 0) AS written, coalesce(after_compression_total_bytes, 0) AS kept
FROM hypertable_compression_stats($1::regclass)

-- name: settled
SELECT count(*) FROM {table} WHERE time < $1

-- name: figures
SELECT count(*) AS sensors, count(hazard.grade) AS open_hazards,
       count(*) FILTER (WHERE hazard.grade <= 2) AS grave
FROM ${world:raw}.sensor LEFT JOIN LATERAL (
    SELECT min(grade) AS grade FROM ${world:raw}.hazard WHERE hazard.sensor_id = sensor.sensor_id AND cleared_at IS NULL
) AS hazard ON true
WHERE kind IN (${kind:sqlstring}) AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND code IN (${sensor:sqlstring})

-- name: trend
-- The twelve sensors that were farthest out; more lines than that nobody can tell apart.
WITH placed AS MATERIALIZED (
    SELECT sensor_id, code FROM ${world:raw}.sensor
    WHERE kind = '{kind}' AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND code IN (${sensor:sqlstring}) AND {placed}
), shown AS MATERIALIZED (
    SELECT sensor_id, code, bucket, {column} AS value FROM reading_{kind}_${rollup:raw} JOIN placed USING (sensor_id)
    WHERE $__timeFilter(bucket)
), outermost AS (
    SELECT sensor_id FROM shown GROUP BY sensor_id ORDER BY {extreme}(value) {order} NULLS LAST, sensor_id LIMIT 12
)
SELECT bucket AS time, code AS metric, value::float8 AS value FROM shown JOIN outermost USING (sensor_id) ORDER BY 1, 2

-- name: limits
-- From the rule in force, at both ends of the span and wherever limits change with the hour.
WITH in_force AS (
    SELECT body -> 'cases' AS cases FROM rule WHERE kind = '{kind}' AND hazard_type = '{hazard_type}'
        AND effective_from <= now()
    ORDER BY effective_from DESC, revision DESC LIMIT 1
), at AS (
    SELECT $__timeFrom()::timestamptz AS time
    UNION SELECT $__timeTo()::timestamptz
    UNION SELECT hour FROM generate_series(date_trunc('hour', $__timeFrom()::timestamptz) + INTERVAL '1 hour',
                                           $__timeTo()::timestamptz, INTERVAL '1 hour') AS hour
    WHERE extract(hour FROM hour AT TIME ZONE 'Asia/Shanghai') IN (
        SELECT jsonb_path_query(cases, '$[*].hours[*] ? (@.type() == "number")')::integer % 24 FROM in_force)
)
SELECT at.time, 'limit ' || colour AS metric, level::float8 AS value
FROM at CROSS JOIN in_force CROSS JOIN LATERAL (
    SELECT entry -> 'limits' AS limits FROM jsonb_array_elements(cases) WITH ORDINALITY AS entries (entry, place),
         LATERAL (SELECT extract(hour FROM at.time AT TIME ZONE 'Asia/Shanghai')::integer AS hour) AS local
    WHERE entry -> 'when' = '{when}' AND CASE
        WHEN jsonb_typeof(entry -> 'hours') IS DISTINCT FROM 'array' THEN true
        WHEN (entry #>> '{hours,0}')::integer < (entry #>> '{hours,1}')::integer
            THEN hour >= (entry #>> '{hours,0}')::integer AND hour < (entry #>> '{hours,1}')::integer
        ELSE hour >= (entry #>> '{hours,0}')::integer OR hour < (entry #>> '{hours,1}')::integer END
    ORDER BY place LIMIT 1
) AS held, jsonb_each_text(limits) AS limit_of (colour, level)
ORDER BY 1, 2

-- name: states
-- Words of a state as their place in the list, harmless first; what changed little is left out of the plot by no one.
SELECT bucket AS time, code AS metric, array_position(ARRAY[{words}], {column}_last) - 1 AS value
FROM reading_{kind}_${rollup:raw} JOIN ${world:raw}.sensor USING (sensor_id)
WHERE $__timeFilter(bucket) AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND code IN (${sensor:sqlstring})
  AND sensor_id IN (SELECT sensor_id FROM reading_{kind}_${rollup:raw}
                    WHERE $__timeFilter(bucket) AND {column}_last <> '{harmless}')
ORDER BY 1, 2

-- name: grades
-- How grades went, one lane for each sensor and hazard type; what was open before the span begins with it.
WITH shown AS (
    SELECT hazard_id, code || ' ' || hazard_type AS lane
    FROM ${world:raw}.hazard JOIN ${world:raw}.sensor USING (sensor_id)
    WHERE kind IN (${kind:sqlstring}) AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND code IN (${sensor:sqlstring})
      AND raised_at <= $__timeTo()::timestamptz AND coalesce(cleared_at, 'infinity') >= $__timeFrom()::timestamptz
    ORDER BY peak_grade, raised_at DESC LIMIT 40
), at AS (
    SELECT DISTINCT ON (lane, greatest(at, $__timeFrom()::timestamptz))
           greatest(at, $__timeFrom()::timestamptz) AS time, lane, coalesce(5 - grade, 0) AS severity
    FROM shown JOIN ${world:raw}.hazard_event USING (hazard_id)
    WHERE event IN ('raised', 'upgraded', 'downgraded', 'cleared') AND at <= $__timeTo()::timestamptz
    ORDER BY lane, greatest(at, $__timeFrom()::timestamptz), hazard_event_id DESC
)
SELECT time, lane AS metric, severity AS value FROM at ORDER BY 1, 2

-- name: latest
SELECT code, sensor.name_${lang:raw} AS name, grid.name_${lang:raw} AS grid, coalesce(5 - hazard.grade, 0) AS severity,
       latest.time AS seen_at, {columns}
FROM ${world:raw}.sensor LEFT JOIN grid USING (grid_id)
LEFT JOIN LATERAL (
    SELECT * FROM reading_{kind} AS reading
    WHERE reading.sensor_id = sensor.sensor_id AND time > $__timeTo()::timestamptz - INTERVAL '7 days'
      AND time <= $__timeTo()::timestamptz
    ORDER BY time DESC LIMIT 1
) AS latest ON true
LEFT JOIN LATERAL (
    SELECT min(grade) AS grade FROM ${world:raw}.hazard WHERE hazard.sensor_id = sensor.sensor_id AND cleared_at IS NULL
) AS hazard ON true
WHERE kind = '{kind}' AND coalesce(sensor.grid_id, '') IN (${grid:sqlstring}) AND code IN (${sensor:sqlstring})
ORDER BY severity DESC, code LIMIT 500

-- name: history
SELECT code, hazard_type AS title, grade, peak_grade, raised_at, cleared_at, acknowledged_by,
       reason_${lang:raw} AS reason, incident_id
FROM ${world:raw}.hazard JOIN ${world:raw}.sensor USING (sensor_id)
WHERE kind IN (${kind:sqlstring}) AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND code IN (${sensor:sqlstring})
  AND raised_at <= $__timeTo()::timestamptz AND coalesce(cleared_at, 'infinity') >= $__timeFrom()::timestamptz
ORDER BY raised_at DESC LIMIT 200

-- name: rules
SELECT DISTINCT ON (hazard_type) hazard_type AS rule, revision, body ->> 'cases' AS limits, source, effective_from
FROM rule WHERE kind IN (${kind:sqlstring}) AND effective_from <= now()
ORDER BY hazard_type, effective_from DESC, revision DESC

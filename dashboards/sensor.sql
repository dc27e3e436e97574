-- name: sensors
SELECT concat_ws(' ', code, nullif(name_${lang:raw}, '')) AS __text, code AS __value FROM ${world:raw}.sensor
WHERE kind = ${kind:sqlstring} AND coalesce(grid_id, '') IN (${grid:sqlstring}) ORDER BY 2

-- name: quantities
SELECT label AS __text, quantity AS __value FROM (VALUES {quantities}) AS known (kind, quantity, label)
WHERE kind = ${kind:sqlstring}

-- name: register
SELECT code, sensor.name_${lang:raw} AS name, kind, grid.name_${lang:raw} AS grid,
       grid.responsible_person AS responsible, grid.responsible_phone AS phone, owner_unit AS owner,
       attributes::text AS detail
FROM ${world:raw}.sensor LEFT JOIN grid USING (grid_id) WHERE code = ${sensor:sqlstring}

-- name: now
SELECT coalesce(5 - min(grade), 0) AS severity FROM ${world:raw}.hazard JOIN ${world:raw}.sensor USING (sensor_id)
WHERE code = ${sensor:sqlstring} AND cleared_at IS NULL

-- name: counted
SELECT count(*)::float8 AS readings, extract(epoch FROM $__timeTo()::timestamptz - max(time))::float8 AS since_s
FROM reading_${kind:raw} WHERE $__timeFilter(time)
  AND sensor_id = (SELECT sensor_id FROM ${world:raw}.sensor WHERE code = ${sensor:sqlstring})

-- name: course
SELECT bucket AS time, ${quantity:raw}_min::float8 AS min, ${quantity:raw}_avg::float8 AS avg,
       ${quantity:raw}_max::float8 AS max
FROM reading_${kind:raw}_${rollup:raw}
WHERE $__timeFilter(bucket) AND sensor_id = (SELECT sensor_id FROM ${world:raw}.sensor WHERE code = ${sensor:sqlstring})
ORDER BY 1

-- name: limits
-- What the rule in force allows this very sensor, wherever the limit changes with the hour.
WITH in_force AS (
    SELECT DISTINCT ON (hazard_type) body FROM rule WHERE kind = ${kind:sqlstring} AND effective_from <= now()
    ORDER BY hazard_type, effective_from DESC, revision DESC
), watching AS (
    SELECT body -> 'cases' AS cases, attributes FROM in_force, ${world:raw}.sensor
    WHERE code = ${sensor:sqlstring} AND body ->> 'quantity' = ${quantity:sqlstring}
), at AS (
    SELECT $__timeFrom()::timestamptz AS time
    UNION SELECT $__timeTo()::timestamptz
    UNION SELECT hour FROM generate_series(date_trunc('hour', $__timeFrom()::timestamptz) + INTERVAL '1 hour',
                                           $__timeTo()::timestamptz, INTERVAL '1 hour') AS hour
    WHERE extract(hour FROM hour AT TIME ZONE 'Asia/Shanghai') IN (
        SELECT jsonb_path_query(cases, '$[*].hours[*] ? (@.type() == "number")')::integer % 24 FROM watching)
)
SELECT at.time, 'limit ' || colour AS metric, level::float8 AS value
FROM at CROSS JOIN watching CROSS JOIN LATERAL (
    SELECT entry -> 'limits' AS limits FROM jsonb_array_elements(cases) WITH ORDINALITY AS entries (entry, place),
         LATERAL (SELECT extract(hour FROM at.time AT TIME ZONE 'Asia/Shanghai')::integer AS hour) AS local
    WHERE attributes @> (entry -> 'when') AND CASE
        WHEN jsonb_typeof(entry -> 'hours') IS DISTINCT FROM 'array' THEN true
        WHEN (entry #>> '{hours,0}')::integer < (entry #>> '{hours,1}')::integer
            THEN hour >= (entry #>> '{hours,0}')::integer AND hour < (entry #>> '{hours,1}')::integer
        ELSE hour >= (entry #>> '{hours,0}')::integer OR hour < (entry #>> '{hours,1}')::integer END
    ORDER BY place LIMIT 1
) AS held, jsonb_each_text(limits) AS limit_of (colour, level)
ORDER BY 1, 2

-- name: raw
SELECT time, to_jsonb(reading) - 'sensor_id' - 'time' AS detail FROM reading_${kind:raw} AS reading
WHERE $__timeFilter(time) AND sensor_id = (SELECT sensor_id FROM ${world:raw}.sensor WHERE code = ${sensor:sqlstring})
ORDER BY time DESC LIMIT 100

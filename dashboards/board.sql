-- name: towns
SELECT DISTINCT town_${lang:raw} AS __text, town_${lang:raw} AS __value FROM grid ORDER BY 1

-- name: grids
-- The empty value stands for what lies in no grid, which is shown as long as nobody narrows the choice.
SELECT name_${lang:raw} AS __text, grid_id AS __value FROM grid WHERE town_${lang:raw} IN (${town:sqlstring})
UNION ALL SELECT '–', '' ORDER BY 1

-- name: sensors
SELECT concat_ws(' ', code, nullif(name_${lang:raw}, '')) AS __text, code AS __value
FROM ${world:raw}.sensor WHERE kind IN (${kind:sqlstring}) AND coalesce(grid_id, '') IN (${grid:sqlstring}) ORDER BY 2

-- name: rollup
-- Which roll-up is fine enough for the span that is shown; `finest` is what the board never goes below.
SELECT CASE WHEN $__timeTo()::timestamptz - $__timeFrom()::timestamptz > INTERVAL '14 days' THEN '1d'
            WHEN $__timeTo()::timestamptz - $__timeFrom()::timestamptz > INTERVAL '50 hours' THEN '1h'
            ELSE '{finest}' END

-- name: hazards
-- Emergencies only: a low battery is no event of the plot.
SELECT raised_at AS time, coalesce(cleared_at, $__timeTo()::timestamptz) AS timeend, sensor.code AS title,
       reason_${lang:raw} AS text, hazard_type AS tags
FROM ${world:raw}.hazard JOIN ${world:raw}.sensor USING (sensor_id)
WHERE raised_at <= $__timeTo()::timestamptz AND coalesce(cleared_at, 'infinity') >= $__timeFrom()::timestamptz
  AND peak_grade <= 2 AND sensor.kind IN (${kind:sqlstring}) AND coalesce(sensor.grid_id, '') IN (${grid:sqlstring})
ORDER BY raised_at DESC LIMIT 200

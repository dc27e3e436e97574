-- name: figures
SELECT count(*) FILTER (WHERE closed_at IS NULL) AS open,
       count(*) FILTER (WHERE $__timeFilter(opened_at)) AS opened,
       count(*) FILTER (WHERE $__timeFilter(closed_at)) AS closed
FROM ${world:raw}.incident WHERE coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})

-- name: to_close
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM closed_at - opened_at)) AS median_s,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM closed_at - opened_at)) AS p90_s
FROM ${world:raw}.incident
WHERE $__timeFilter(closed_at) AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})

-- name: by_stage
SELECT stage, count(*) AS incidents FROM ${world:raw}.incident
WHERE closed_at IS NULL AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})
GROUP BY stage ORDER BY array_position(
    ARRAY['reported', 'filed', 'dispatched', 'handling', 'fed_back', 'verified', 'closed'], stage)

-- name: board
SELECT incident_id, grade, title_${lang:raw} AS title, kind, stage, grid.name_${lang:raw} AS grid,
       grid.responsible_person AS responsible, grid.responsible_phone AS phone, task.squad_id AS squad, task.status,
       extract(epoch FROM $__timeTo()::timestamptz - opened_at)::float8 AS age_s, opened_at
FROM ${world:raw}.incident LEFT JOIN grid USING (grid_id)
LEFT JOIN LATERAL (
    SELECT squad_id, status FROM ${world:raw}.task
    WHERE task.incident_id = incident.incident_id ORDER BY task_id DESC LIMIT 1
) AS task ON true
WHERE closed_at IS NULL AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})
ORDER BY grade, opened_at LIMIT 500

-- name: opened
SELECT date_bin(INTERVAL '1 day', opened_at, TIMESTAMPTZ '2000-01-01 00:00 Asia/Shanghai') AS time,
       (ARRAY['red', 'orange', 'yellow', 'blue'])[grade] AS metric, count(*)::float8 AS value
FROM ${world:raw}.incident
WHERE $__timeFilter(opened_at) AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})
GROUP BY 1, 2 ORDER BY 1, 2

-- name: by_grid
SELECT grid.name_${lang:raw} AS grid, count(*) AS incidents FROM ${world:raw}.incident JOIN grid USING (grid_id)
WHERE $__timeFilter(opened_at) AND grid_id IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})
GROUP BY 1 ORDER BY 2 DESC LIMIT 15

-- name: log
SELECT incident_event.at AS time, incident_id, title_${lang:raw} AS title, event, actor, detail::text AS detail
FROM ${world:raw}.incident_event JOIN ${world:raw}.incident USING (incident_id)
WHERE $__timeFilter(at) AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})
ORDER BY incident_event_id DESC LIMIT 200

-- name: history
SELECT incident_id, grade, title_${lang:raw} AS title, kind, stage, grid.name_${lang:raw} AS grid, opened_at, closed_at
FROM ${world:raw}.incident LEFT JOIN grid USING (grid_id)
WHERE $__timeFilter(opened_at) AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})
ORDER BY incident_id DESC LIMIT 500

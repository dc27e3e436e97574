-- name: open_incidents
SELECT count(*) FILTER (WHERE grade = 1) AS red, count(*) FILTER (WHERE grade = 2) AS orange,
       count(*) FILTER (WHERE grade = 3) AS yellow, count(*) FILTER (WHERE grade = 4) AS blue
FROM ${world:raw}.incident
WHERE closed_at IS NULL AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})

-- name: squads_free
SELECT count(*) FILTER (WHERE on_duty AND task_id IS NULL) AS free, count(*) FILTER (WHERE task_id IS NOT NULL) AS busy,
       count(*) FILTER (WHERE NOT on_duty AND task_id IS NULL) AS off_duty
FROM ({squads}) AS squad

-- name: squads
SELECT squad_id AS squad, name_${lang:raw} AS name, array_to_string(skills, ', ') AS skills,
       CASE WHEN task_id IS NOT NULL THEN status WHEN on_duty THEN 'free' ELSE 'off_duty' END AS status,
       incident_id, task_id
FROM ({squads}) AS squad ORDER BY task_id IS NULL, NOT on_duty, squad_id

-- name: squads_now
-- Local time decides who is on duty; a start after the end spans midnight, equal ones mean round the clock.
SELECT squad.*, open.task_id, open.status, open.incident_id,
       CASE WHEN duty_start = duty_end THEN true
            WHEN duty_start < duty_end THEN clock >= duty_start AND clock < duty_end
            ELSE clock >= duty_start OR clock < duty_end END AS on_duty
FROM squad CROSS JOIN (SELECT ($__timeTo()::timestamptz AT TIME ZONE 'Asia/Shanghai')::time AS clock) AS local
LEFT JOIN LATERAL (
    SELECT task_id, status, incident_id FROM ${world:raw}.task
    WHERE task.squad_id = squad.squad_id AND task.open
    ORDER BY task_id DESC LIMIT 1
) AS open ON true

-- name: silent_figures
SELECT count(*) FILTER (WHERE seen_at IS NOT NULL AND silent_s <= 2 * interval_s) AS reporting,
       count(*) FILTER (WHERE silent_s > 2 * interval_s) AS silent, count(*) FILTER (WHERE seen_at IS NULL) AS unseen
FROM ({latest}) AS latest

-- name: silent
-- Sensors that missed two reports, longest silence first; none within seven days shows no time.
SELECT code, sensor.name_${lang:raw} AS name, sensor.kind, grid.name_${lang:raw} AS grid, seen_at,
       silent_s::float8 AS silent_s
FROM ({latest}) AS latest JOIN ${world:raw}.sensor USING (sensor_id) LEFT JOIN grid USING (grid_id)
WHERE seen_at IS NULL OR silent_s > 2 * latest.interval_s
ORDER BY seen_at NULLS LAST, code LIMIT 200

-- name: map_sensors
SELECT code, sensor.name_${lang:raw} AS name, kind, longitude, latitude, coalesce(5 - grade, 0) AS severity
FROM ${world:raw}.sensor LEFT JOIN (
    SELECT sensor_id, min(grade) AS grade FROM ${world:raw}.hazard WHERE cleared_at IS NULL GROUP BY sensor_id
) AS hazard USING (sensor_id)
WHERE longitude IS NOT NULL AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})
ORDER BY severity

-- name: map_incidents
SELECT incident_id, title_${lang:raw} AS title, stage, longitude, latitude, 5 - grade AS severity
FROM ${world:raw}.incident
WHERE closed_at IS NULL AND longitude IS NOT NULL AND coalesce(grid_id, '') IN (${grid:sqlstring})
  AND kind IN (${kind:sqlstring})
ORDER BY severity

-- name: map_squads
SELECT squad_id AS squad, name_${lang:raw} AS name, longitude, latitude,
       CASE WHEN task_id IS NOT NULL THEN 1 ELSE 0 END AS busy
FROM ({squads}) AS squad WHERE on_duty OR task_id IS NOT NULL

-- name: board
SELECT incident_id, grade, title_${lang:raw} AS title, stage, grid.name_${lang:raw} AS grid,
       grid.responsible_person AS responsible, task.squad_id AS squad, task.status,
       extract(epoch FROM $__timeTo()::timestamptz - opened_at)::float8 AS age_s, opened_at
FROM ${world:raw}.incident LEFT JOIN grid USING (grid_id)
LEFT JOIN LATERAL (
    SELECT squad_id, status FROM ${world:raw}.task
    WHERE task.incident_id = incident.incident_id ORDER BY task_id DESC LIMIT 1
) AS task ON true
WHERE closed_at IS NULL AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})
ORDER BY grade, opened_at LIMIT 200

-- name: opened
SELECT date_bin(INTERVAL '1 hour', opened_at, TIMESTAMPTZ '2000-01-01 00:00 Asia/Shanghai') AS time,
       (ARRAY['red', 'orange', 'yellow', 'blue'])[grade] AS metric, count(*)::float8 AS value
FROM ${world:raw}.incident
WHERE $__timeFilter(opened_at) AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})
GROUP BY 1, 2 ORDER BY 1, 2

-- name: latest
SELECT sensor_id, coalesce(interval_s, {interval_s}) AS interval_s, seen.time AS seen_at,
       extract(epoch FROM $__timeTo()::timestamptz - seen.time) AS silent_s
FROM ${world:raw}.sensor LEFT JOIN LATERAL (
    SELECT time FROM reading_{kind} AS reading
    WHERE reading.sensor_id = sensor.sensor_id AND time > $__timeTo()::timestamptz - INTERVAL '7 days'
      AND time <= $__timeTo()::timestamptz
    ORDER BY time DESC LIMIT 1
) AS seen ON true
WHERE kind = '{kind}' AND coalesce(grid_id, '') IN (${grid:sqlstring}) AND kind IN (${kind:sqlstring})

-- name: task
SELECT task_id, incident_id, squad_id, status FROM task WHERE task_id = $1 FOR NO KEY UPDATE

-- name: standing
SELECT permit_id, permit.task_id, task.incident_id, task.squad_id, status NOT IN ('on_scene', 'working') AS is_over,
       valid_until
FROM permit JOIN task USING (task_id) WHERE verdict = 'granted' AND ended_at IS NULL
ORDER BY permit_id FOR NO KEY UPDATE OF permit SKIP LOCKED

-- name: add
INSERT INTO permit (task_id, verdict, reason_zh, reason_en, readings, judged_at, valid_until, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING permit_id

-- name: prolong
UPDATE permit SET valid_until = $2 WHERE permit_id = $1

-- name: end
UPDATE permit SET ended_at = $2, ended_zh = $3, ended_en = $4
WHERE task_id = ANY ($1::bigint[]) AND verdict = 'granted' AND ended_at IS NULL RETURNING permit_id

-- name: latest
-- The latest message of each sensor within about 100 m, and of those with a hazard of the incident. In an exercise the
-- twins are measured, and never otherwise.
SELECT task_id, sensor.code, sensor.longitude, sensor.latitude, incident.longitude AS there_longitude,
       incident.latitude AS there_latitude, concerned.it AS concerned, reading.time, o2_pct_vol, ch4_lel_pct,
       h2s_mg_m3, co_mg_m3
FROM task JOIN incident USING (incident_id)
JOIN sensor ON sensor.kind = 'gas' AND sensor.exercise_id = incident.exercise_id
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM hazard WHERE hazard.incident_id = incident.incident_id
                                   AND hazard.sensor_id = sensor.sensor_id) AS it) AS concerned
CROSS JOIN LATERAL (
    SELECT time, o2_pct_vol, ch4_lel_pct, h2s_mg_m3, co_mg_m3 FROM gas_table
    WHERE gas_table.sensor_id = sensor.sensor_id AND time <= $2 AND time > $3 ORDER BY time DESC LIMIT 1
) AS reading
WHERE task_id = ANY ($1::bigint[])
  AND (concerned.it OR sensor.longitude BETWEEN incident.longitude - 0.001 AND incident.longitude + 0.001
       AND sensor.latitude BETWEEN incident.latitude - 0.001 AND incident.latitude + 0.001)

-- name: tell
SELECT pg_notify('lifeline', 'notification')

-- name: hazard_events
SELECT event, at, hazard_event.grade, substr(code, $2) AS sensor, hazard_type, incident_id
FROM hazard_event JOIN hazard USING (hazard_id) JOIN sensor USING (sensor_id)
WHERE hazard.exercise_id = $1 ORDER BY hazard_event_id

-- name: incidents
SELECT incident.incident_id, incident.hazard_type, incident.grade, stage, title_zh, title_en, opened_at, closed_at,
       substr(code, $2) AS sensor, (detail ->> 'grade')::smallint AS opened_grade
FROM incident
LEFT JOIN LATERAL (SELECT detail FROM incident_event WHERE incident_event.incident_id = incident.incident_id
                   AND event = 'opened' ORDER BY incident_event_id LIMIT 1) AS opening ON true
LEFT JOIN hazard ON hazard_id = (detail ->> 'hazard_id')::bigint
LEFT JOIN sensor USING (sensor_id)
WHERE incident.exercise_id = $1 ORDER BY incident.incident_id

-- name: task_events
SELECT task_id, event, at, actor, note, incident_id, squad_id, decision #>> '{shortfall,zh}' AS shortfall_zh,
       decision #>> '{shortfall,en}' AS shortfall_en
FROM task_event JOIN task USING (task_id) WHERE task.exercise_id = $1 ORDER BY task_event_id

-- name: messages
-- To squads and to people who are enrolled; what nobody enrolled has the function for shows on the console alone.
SELECT key, recipient, channel, attempts, notification.created_at, sent_at, received_at, hazard_type,
       coalesce(body #>> '{title,zh}', body #>> '{text,zh}') AS title_zh
FROM notification LEFT JOIN task USING (task_id)
LEFT JOIN incident ON incident.incident_id = coalesce(notification.incident_id, task.incident_id)
WHERE notification.exercise_id = $1 AND channel <> 'console' ORDER BY notification_id

-- name: permits
-- One that was revoked has alarmed its crew, under a key of its own.
SELECT verdict, judged_at, ended_at, squad_id, incident_id,
       EXISTS (SELECT FROM notification WHERE key = 'permit-' || permit_id) AS revoked
FROM permit JOIN task USING (task_id) WHERE exercise_id = $1 ORDER BY permit_id

-- name: quarantined
SELECT received_at, reason FROM quarantine WHERE exercise_id = $1 ORDER BY quarantine_id

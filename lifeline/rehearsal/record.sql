-- name: hazard_events
SELECT event, at, hazard_event.grade, substr(code, $2) AS sensor, hazard_type, incident_id
FROM hazard_event JOIN hazard USING (hazard_id) JOIN sensor USING (sensor_id)
WHERE hazard.exercise_id = $1 ORDER BY hazard_event_id

-- name: incidents
SELECT incident.incident_id, incident.hazard_type, stage,
       least(incident.grade, (SELECT min(peak_grade) FROM hazard WHERE hazard.incident_id = incident.incident_id))
           AS grade, title_zh, title_en, opened_at, closed_at,
       substr(code, $2) AS sensor, (detail ->> 'grade')::smallint AS opened_grade, plan_id, skill,
       coalesce(response.grade, incident.grade) AS planned_grade,
       (SELECT min(at) FROM incident_event AS event
        WHERE event.incident_id = incident.incident_id AND event.event = 'filed') AS filed_at
FROM incident LEFT JOIN response USING (incident_id)
LEFT JOIN LATERAL (SELECT detail FROM incident_event WHERE incident_event.incident_id = incident.incident_id
                   AND event = 'opened' ORDER BY incident_event_id LIMIT 1) AS opening ON true
LEFT JOIN hazard ON hazard_id = (detail ->> 'hazard_id')::bigint
LEFT JOIN sensor USING (sensor_id)
WHERE incident.exercise_id = $1 ORDER BY incident.incident_id

-- name: task_events
SELECT task_id, lead, event, at, incident_id, squad_id
FROM task_event JOIN task USING (task_id) WHERE task.exercise_id = $1 ORDER BY task_event_id

-- name: roles
-- Squads that the plan calls for: was one ordered, was one on scene, has one done the work.
SELECT incident_id, role.title_zh, role.title_en, role.skill, bool_or(squad_id IS NOT NULL) AS ordered,
       bool_or(EXISTS (SELECT FROM task_event AS event
                       WHERE event.task_id = task.task_id AND event.event = 'on_scene')) AS came,
       coalesce(bool_or(task.status IN ('done', 'checked')), false) AS done
FROM response_role AS role JOIN incident USING (incident_id) LEFT JOIN task USING (incident_id, role)
WHERE incident.exercise_id = $1
GROUP BY incident_id, role.role ORDER BY incident_id, role.lead DESC, role.role

-- name: stock
SELECT item, min(name_zh) AS name_zh, min(name_en) AS name_en, min(unit) AS unit, sum(amount - reserved)::integer AS free
FROM stock GROUP BY item ORDER BY item

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

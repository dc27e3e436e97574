-- name: marks
-- The newest number of each table when the demonstration begins: what comes after is its own.
SELECT (SELECT coalesce(max(hazard_id), 0) FROM hazard) AS hazard,
       (SELECT coalesce(max(incident_id), 0) FROM incident) AS incident,
       (SELECT coalesce(max(task_id), 0) FROM task) AS task,
       (SELECT coalesce(max(quarantine_id), 0) FROM quarantine) AS quarantine,
       (SELECT coalesce(max(hazard_event_id), 0) FROM hazard_event) AS hazard_event,
       (SELECT coalesce(max(incident_event_id), 0) FROM incident_event) AS incident_event,
       (SELECT coalesce(max(task_event_id), 0) FROM task_event) AS task_event

-- name: counts
SELECT (SELECT count(*) FROM hazard WHERE hazard_id > $1) AS hazards,
       (SELECT count(*) FROM task WHERE task_id > $2 AND status = 'done') AS tasks_closed,
       (SELECT count(*) FROM quarantine WHERE quarantine_id > $3) AS quarantined

-- name: open_hazards
SELECT grade, count(*) FROM hazard WHERE cleared_at IS NULL GROUP BY grade

-- name: incidents
SELECT incident_id, grade, stage, title_zh, title_en, squad_id
FROM incident
LEFT JOIN LATERAL (SELECT squad_id FROM task WHERE task.incident_id = incident.incident_id
                   ORDER BY task_id DESC LIMIT 1) AS latest ON true
WHERE incident_id > $1
ORDER BY closed_at IS NOT NULL, incident_id DESC LIMIT $2

-- name: hazard_events
SELECT hazard_event_id AS number, hazard_event.recorded_at, at, event, hazard_event.grade, hazard.peak_grade, code,
       hazard_type, hazard_event.reason_zh, hazard_event.reason_en
FROM hazard_event JOIN hazard USING (hazard_id) JOIN sensor USING (sensor_id)
WHERE hazard_event_id > $1 ORDER BY hazard_event_id

-- name: incident_events
-- With each event the hazard that opened its incident.
SELECT incident_event_id AS number, incident_event.recorded_at, at, event, incident_id, incident.grade, title_zh,
       title_en, incident.opened_at, opener.*
FROM incident_event JOIN incident USING (incident_id)
LEFT JOIN LATERAL (
    SELECT sensor.code, (detail ->> 'grade')::smallint AS opened_grade, hazard.hazard_type
    FROM incident_event AS opening
    JOIN hazard ON hazard_id = (opening.detail ->> 'hazard_id')::bigint
    JOIN sensor USING (sensor_id)
    WHERE opening.incident_id = incident.incident_id AND opening.event = 'opened' LIMIT 1
) AS opener ON true
WHERE incident_event_id > $1 ORDER BY incident_event_id

-- name: task_events
SELECT task_event_id AS number, task_event.recorded_at, at, event, note, incident_id, incident.grade, squad_id,
       squad.name_zh AS squad_zh, squad.name_en AS squad_en
FROM task_event JOIN task USING (task_id) JOIN incident USING (incident_id) LEFT JOIN squad USING (squad_id)
WHERE task_event_id > $1 ORDER BY task_event_id

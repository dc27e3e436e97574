-- name: incident
SELECT incident_id, title_zh, title_en, grade, exercise_id, opened_at, closed_at FROM incident WHERE incident_id = $1

-- name: key_times
SELECT (SELECT min(raised_at) FROM hazard WHERE incident_id = $1) AS detected,
       min(at) FILTER (WHERE event = 'filed') AS filed,
       min(at) FILTER (WHERE event = 'dispatched') AS dispatched,
       (SELECT min(at) FROM task_event JOIN task USING (task_id)
        WHERE incident_id = $1 AND event IN ('accepted', 'en_route', 'on_scene')) AS confirmed,
       (SELECT min(at) FROM task_event JOIN task USING (task_id)
        WHERE incident_id = $1 AND event = 'on_scene') AS arrived,
       (SELECT max(at) FROM task_event JOIN task USING (task_id)
        WHERE incident_id = $1 AND lead AND event = 'done') AS finished,
       max(at) FILTER (WHERE event = 'verified') AS verified,
       max(at) FILTER (WHERE event = 'closed') AS closed
FROM incident_event WHERE incident_id = $1

-- name: timeline
-- Names instead of codes, in both languages; a note is what somebody wrote.
WITH told AS (
    SELECT DISTINCT recipient, coalesce(squad.name_zh, contact.name_zh, recipient) AS zh,
           coalesce(squad.name_en, contact.name_en, recipient) AS en
    FROM notification LEFT JOIN squad ON squad_id = recipient LEFT JOIN contact ON contact_id = recipient
    WHERE incident_id = $1
)
SELECT at, 'incident' AS of, event, actor, detail #>> '{reason,zh}' AS zh, detail #>> '{reason,en}' AS en,
       coalesce(detail ->> 'note', CASE jsonb_typeof(detail -> 'reason') WHEN 'string' THEN detail ->> 'reason' END) AS note
FROM incident_event WHERE incident_id = $1
UNION ALL
SELECT at, 'hazard', event, actor, concat_ws(' ', code, hazard_event.reason_zh), concat_ws(' ', code, hazard_event.reason_en), NULL
FROM hazard_event JOIN hazard USING (hazard_id) JOIN sensor USING (sensor_id) WHERE incident_id = $1
UNION ALL
SELECT at, 'task', event, actor, concat_ws(' ', task_id, name_zh), concat_ws(' ', task_id, name_en), note
FROM task_event JOIN task USING (task_id) LEFT JOIN squad USING (squad_id) WHERE incident_id = $1
UNION ALL
SELECT created_at, 'message', kind, 'dispatcher', concat_ws(' ', told.zh, body #>> '{text,zh}'),
       concat_ws(' ', told.en, body #>> '{text,en}'), NULL
FROM notification JOIN told USING (recipient) WHERE incident_id = $1
UNION ALL
SELECT received_at, 'message', 'received', coalesce(received_by, recipient), told.zh, told.en, NULL
FROM notification JOIN told USING (recipient) WHERE incident_id = $1 AND received_at IS NOT NULL
UNION ALL
SELECT judged_at, 'permit', verdict, actor, reason_zh, reason_en, NULL
FROM permit JOIN task USING (task_id) WHERE incident_id = $1
UNION ALL
SELECT ended_at, 'permit', 'ended', 'dispatcher', ended_zh, ended_en, NULL
FROM permit JOIN task USING (task_id) WHERE incident_id = $1 AND ended_at IS NOT NULL
UNION ALL
SELECT task_note.at, 'site', 'note', task_note.actor, task_id::text, task_id::text, text
FROM task_note JOIN task USING (task_id) WHERE incident_id = $1
UNION ALL
SELECT task_photo.at, 'site', 'photo', task_photo.actor, task_id::text, task_id::text, NULL
FROM task_photo JOIN task USING (task_id) WHERE incident_id = $1
UNION ALL
SELECT filed_at, 'report', kind, actor, NULL, NULL, text FROM situation_report WHERE incident_id = $1
UNION ALL
SELECT stock_entry.at, 'material', what, actor, concat_ws(' ', store.name_zh, stock.name_zh, stock_entry.amount, unit),
       concat_ws(' ', store.name_en, stock.name_en, stock_entry.amount), NULL
FROM stock_entry LEFT JOIN store USING (store_id) LEFT JOIN stock USING (store_id, item) WHERE incident_id = $1
ORDER BY 1, 2, 3

-- name: decisions
SELECT task_id, role, squad_id, status, ended_for, decision, coalesce(response_role.title_zh, role) AS role_zh,
       coalesce(response_role.title_en, role) AS role_en, squad.name_zh AS squad_zh, squad.name_en AS squad_en
FROM task LEFT JOIN response_role USING (incident_id, role) LEFT JOIN squad USING (squad_id)
WHERE incident_id = $1 ORDER BY task_id

-- name: watched
SELECT DISTINCT sensor.sensor_id, code, sensor.kind, rule.body ->> 'quantity' AS quantity
FROM hazard JOIN sensor USING (sensor_id) JOIN rule USING (rule_id) WHERE incident_id = $1 ORDER BY code, quantity

-- name: readings
SELECT time, quantity AS value FROM reading_table
WHERE sensor_id = $1 AND time BETWEEN $2 AND $3 AND quantity IS NOT NULL ORDER BY time LIMIT $4

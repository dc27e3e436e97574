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
SELECT at, 'incident' AS of, event, actor, coalesce(detail ->> 'note', detail #>> '{reason,zh}', detail ->> 'reason', '') AS text
FROM incident_event WHERE incident_id = $1
UNION ALL
SELECT at, 'hazard', event, actor, concat_ws(' ', code, hazard_event.reason_zh, hazard_event.reason_en)
FROM hazard_event JOIN hazard USING (hazard_id) JOIN sensor USING (sensor_id) WHERE incident_id = $1
UNION ALL
SELECT at, 'task', event, actor, concat_ws(' ', task_id, squad_id, note)
FROM task_event JOIN task USING (task_id) WHERE incident_id = $1
UNION ALL
SELECT created_at, 'message', kind, 'dispatcher', concat_ws(' ', recipient, channel, body #>> '{text,zh}')
FROM notification WHERE incident_id = $1
UNION ALL
SELECT received_at, 'message', 'received', coalesce(received_by, recipient), concat_ws(' ', recipient, key)
FROM notification WHERE incident_id = $1 AND received_at IS NOT NULL
UNION ALL
SELECT judged_at, 'permit', verdict, actor, concat_ws(' ', reason_zh, reason_en)
FROM permit JOIN task USING (task_id) WHERE incident_id = $1
UNION ALL
SELECT ended_at, 'permit', 'ended', 'dispatcher', concat_ws(' ', ended_zh, ended_en)
FROM permit JOIN task USING (task_id) WHERE incident_id = $1 AND ended_at IS NOT NULL
UNION ALL
SELECT task_note.at, 'site', 'note', task_note.actor, concat_ws(' ', task_id, text)
FROM task_note JOIN task USING (task_id) WHERE incident_id = $1
UNION ALL
SELECT task_photo.at, 'site', 'photo', task_photo.actor, concat_ws(' ', task_id, task_photo_id)
FROM task_photo JOIN task USING (task_id) WHERE incident_id = $1
UNION ALL
SELECT filed_at, 'report', kind, actor, text FROM situation_report WHERE incident_id = $1
UNION ALL
SELECT at, 'material', what, actor, concat_ws(' ', store_id, item, amount) FROM stock_entry WHERE incident_id = $1
ORDER BY 1, 2, 3

-- name: decisions
SELECT task_id, role, squad_id, status, ended_for, decision FROM task WHERE incident_id = $1 ORDER BY task_id

-- name: watched
SELECT DISTINCT sensor.sensor_id, code, sensor.kind, rule.body ->> 'quantity' AS quantity
FROM hazard JOIN sensor USING (sensor_id) JOIN rule USING (rule_id) WHERE incident_id = $1 ORDER BY code, quantity

-- name: readings
SELECT time, quantity AS value FROM reading_table
WHERE sensor_id = $1 AND time BETWEEN $2 AND $3 AND quantity IS NOT NULL ORDER BY time LIMIT $4

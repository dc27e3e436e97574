-- name: frame
-- Whose page it is, and whom to call: who has the duty by the rota before others with the same function.
SELECT squad.name_zh, squad.name_en, ARRAY(
    SELECT phone FROM contact
    WHERE person = 'duty_officer' AND phone <> ''
    ORDER BY EXISTS (SELECT FROM shift WHERE shift.contact_id = contact.contact_id AND kind = 'duty'
                     AND starts_at <= $2 AND ends_at > $2) DESC, contact_id
    LIMIT 2) AS phones
FROM squad WHERE squad_id = $1

-- name: orders
-- Of a squad: what is open, gravest first, and what has ended since $2. $3: only this one.
SELECT task.task_id, task.status, task.updated_at, task.open, task.exercise_id, incident.grade, incident.title_zh,
       incident.title_en, notification.body
FROM task JOIN incident USING (incident_id)
LEFT JOIN notification ON notification.key = 'order-' || task.task_id
WHERE squad_id = $1 AND (task.open OR task.updated_at > $2) AND ($3::bigint IS NULL OR task.task_id = $3)
ORDER BY task.open DESC, incident.grade, task.task_id DESC LIMIT 50

-- name: order
SELECT task.task_id, task.incident_id, task.status, task.created_at, task.updated_at, task.open, task.exercise_id,
       task.confined_space, task.check_in_at, incident.grade, incident.title_zh, incident.title_en, incident.longitude,
       incident.latitude, grid.name_zh AS grid_zh, grid.name_en AS grid_en, notification.body
FROM task JOIN incident USING (incident_id) LEFT JOIN grid USING (grid_id)
LEFT JOIN notification ON notification.key = 'order-' || task.task_id
WHERE task.task_id = $1 AND squad_id = $2

-- name: findings
-- What is wrong: the open hazards of the incident.
SELECT hazard.grade, reason_zh, reason_en, sensor.name_zh, sensor.name_en, sensor.code
FROM hazard JOIN sensor USING (sensor_id)
WHERE incident_id = $1 AND cleared_at IS NULL ORDER BY hazard.grade, hazard_id LIMIT 6

-- name: steps
SELECT at, event, note FROM task_event WHERE task_id = $1 ORDER BY task_event_id DESC LIMIT 30

-- name: permit
SELECT verdict, reason_zh, reason_en, readings, judged_at, valid_until, ended_at, ended_zh, ended_en
FROM permit WHERE task_id = $1 ORDER BY permit_id DESC LIMIT 1

-- name: materials
-- What the order calls for, where it is kept, and how much of it is set aside there for the incident.
SELECT item, stock.name_zh, stock.name_en, unit, store.name_zh AS store_zh, store.name_en AS store_en,
       coalesce(held.amount, 0)::integer AS amount
FROM stock JOIN store USING (store_id)
LEFT JOIN LATERAL (
    SELECT sum(CASE what WHEN 'reserved' THEN entry.amount WHEN 'released' THEN -entry.amount ELSE 0 END) AS amount
    FROM stock_entry AS entry
    WHERE entry.incident_id = $1 AND entry.store_id = stock.store_id AND entry.item = stock.item
) AS held ON true
WHERE item = ANY ($2::text[]) ORDER BY item, held.amount DESC NULLS LAST, store_id

-- name: state
-- Changes whenever the page would.
SELECT md5(string_agg(concat_ws(' ', task_id, status, task.check_in_at, permit_id, ended_at), ',' ORDER BY task_id))
FROM task LEFT JOIN LATERAL (
    SELECT permit_id, ended_at FROM permit WHERE permit.task_id = task.task_id ORDER BY permit_id DESC LIMIT 1
) AS permit ON true
WHERE squad_id = $1 AND (open OR task_id = $2)

-- name: page
SELECT q.squad_id, q.name_zh, q.name_en, q.skills, q.longitude, q.latitude, q.duty_start, q.duty_end, q.phone,
       q.seen_longitude, q.seen_latitude, q.seen_at,
       ARRAY(
           SELECT t.task_id FROM task AS t
           WHERE t.squad_id = q.squad_id AND t.open
           ORDER BY t.task_id
       ) AS open_tasks
FROM squad AS q
WHERE ($1::text IS NULL OR q.squad_id > $1)
  AND ($2::text IS NULL OR $2 = ANY (q.skills))
ORDER BY q.squad_id
LIMIT $3

-- name: one
SELECT q.squad_id, q.name_zh, q.name_en, q.skills, q.longitude, q.latitude, q.duty_start, q.duty_end, q.phone,
       q.seen_longitude, q.seen_latitude, q.seen_at,
       ARRAY(SELECT t.task_id FROM task AS t WHERE t.squad_id = q.squad_id AND t.open ORDER BY t.task_id) AS open_tasks
FROM squad AS q WHERE q.squad_id = $1

-- name: roster
-- The condition is that of the index task_one_open, so that only open tasks are read, however many there have been.
SELECT squad.squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone,
       max(open.task_id) AS task_id
FROM squad LEFT JOIN (SELECT squad_id, task_id FROM task WHERE status NOT IN ('done', 'refused', 'cancelled')) AS open
     ON open.squad_id = squad.squad_id
GROUP BY squad.squad_id ORDER BY squad.squad_id

-- name: save
INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (squad_id) DO UPDATE SET
    name_zh = excluded.name_zh, name_en = excluded.name_en, skills = excluded.skills,
    longitude = excluded.longitude, latitude = excluded.latitude, duty_start = excluded.duty_start,
    duty_end = excluded.duty_end, phone = excluded.phone, updated_at = excluded.updated_at

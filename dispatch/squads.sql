-- name: roster
-- With the shifts and leave of a week around $1, and the open tasks. The latest end of work is looked up only for squads
-- that rest after it; an officer who checks it later doesn't start the rest anew.
SELECT squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone, capacity, rest_s,
       speed_km_h, turnout_s, seen_longitude, seen_latitude, seen_at, out_since, out_reason,
       CASE WHEN rest_s > 0 THEN (SELECT max(at) FROM (
           SELECT task_id FROM task WHERE task.squad_id = squad.squad_id AND status IN ('done', 'checked', 'failed')
           ORDER BY task_id DESC LIMIT 20) AS ended
           JOIN task_event USING (task_id) WHERE event IN ('done', 'failed') AND at <= $1) END AS ended_at,
       starts, ends, leave_starts, leave_ends, task_ids, incident_ids, grades, statuses, exercise_ids
FROM squad LEFT JOIN (
    SELECT squad_id,
           array_agg(starts_at ORDER BY starts_at) FILTER (WHERE kind = 'duty') AS starts,
           array_agg(ends_at ORDER BY starts_at) FILTER (WHERE kind = 'duty') AS ends,
           array_agg(starts_at ORDER BY starts_at) FILTER (WHERE kind = 'leave') AS leave_starts,
           array_agg(ends_at ORDER BY starts_at) FILTER (WHERE kind = 'leave') AS leave_ends
    FROM shift WHERE squad_id IS NOT NULL AND starts_at < $1::timestamptz + interval '7 days'
          AND ends_at > $1::timestamptz - interval '7 days'
    GROUP BY squad_id
) AS rota USING (squad_id) LEFT JOIN (
    SELECT squad_id,
           array_agg(task_id ORDER BY task_id) AS task_ids, array_agg(incident_id ORDER BY task_id) AS incident_ids,
           array_agg(grade ORDER BY task_id) AS grades, array_agg(status ORDER BY task_id) AS statuses,
           array_agg(task.exercise_id ORDER BY task_id) AS exercise_ids
    FROM task JOIN incident USING (incident_id) WHERE open AND squad_id IS NOT NULL GROUP BY squad_id
) AS engaged USING (squad_id)
ORDER BY squad_id

-- name: save
INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone, capacity,
                   rest_s, speed_km_h, turnout_s, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (squad_id) DO UPDATE SET
    name_zh = excluded.name_zh, name_en = excluded.name_en, skills = excluded.skills,
    longitude = excluded.longitude, latitude = excluded.latitude, duty_start = excluded.duty_start,
    duty_end = excluded.duty_end, phone = excluded.phone, capacity = excluded.capacity, rest_s = excluded.rest_s,
    speed_km_h = excluded.speed_km_h, turnout_s = excluded.turnout_s, updated_at = excluded.updated_at

-- name: set_service
WITH told AS (SELECT pg_notify('lifeline', 'task'))
UPDATE squad SET out_since = CASE WHEN $2::text IS NOT NULL THEN coalesce(out_since, $3) END,
       out_reason = coalesce($2, ''), updated_at = $3
FROM told WHERE squad_id = $1 RETURNING squad_id

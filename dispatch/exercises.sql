-- name: open
INSERT INTO exercise (drill, title_zh, title_en, seed, status, started_at)
VALUES ($1, $2, $3, $4, 'running', $5) RETURNING exercise_id

-- name: twins
-- Twins have the names, places and attributes of the real ones, but not their devices' names: those are the real ones'.
INSERT INTO sensor (code, kind, name_zh, name_en, grid_id, longitude, latitude, owner_unit, interval_s, attributes,
                    exercise_id, twin_of, updated_at)
SELECT $2 || code, kind, name_zh, name_en, grid_id, longitude, latitude, owner_unit, interval_s,
       attributes - 'device', $1, sensor_id, $4
FROM sensor WHERE code = ANY ($3::text[]) AND exercise_id = 0 ORDER BY sensor_id RETURNING code

-- name: enrol
INSERT INTO exercise_squad (exercise_id, squad_id)
SELECT $1, squad_id FROM squad WHERE squad_id = ANY ($2::text[]) ORDER BY squad_id RETURNING squad_id

-- name: enrol_people
-- On those of their channels that are asked for, on all when none is.
INSERT INTO exercise_contact (exercise_id, contact_id, channels)
SELECT $1, contact_id, chosen FROM contact
CROSS JOIN LATERAL (SELECT array_agg(channel) AS chosen FROM unnest(channels) AS channel
                    WHERE $3::text[] = '{}' OR channel = ANY ($3)) AS own
WHERE contact_id = ANY ($2::text[]) AND chosen IS NOT NULL ORDER BY contact_id RETURNING contact_id

-- name: status
SELECT status FROM exercise WHERE exercise_id = $1

-- name: resume
UPDATE exercise SET status = 'running', pause_reason = '' WHERE exercise_id = $1 AND status = 'paused'
RETURNING exercise_id

-- name: end
UPDATE exercise SET status = 'ended', ended_at = coalesce(ended_at, $2), report = $3
WHERE exercise_id = $1 AND (status <> 'ended' OR report IS NULL)

-- name: last_report
SELECT report FROM exercise WHERE drill = $1 AND report ->> 'score' IS NOT NULL ORDER BY exercise_id DESC LIMIT 1

-- name: silence
-- What people have not been told by then they are not told any more.
UPDATE notification SET next_attempt_at = NULL
WHERE exercise_id = $1 AND channel <> 'mqtt' AND next_attempt_at IS NOT NULL

-- name: open_tasks
SELECT task_id FROM task
WHERE exercise_id = ANY ($1::int[]) AND open AND squad_id IS NOT NULL
ORDER BY task_id

-- name: pause
-- A real red takes over: whoever is out for an exercise is needed now.
UPDATE exercise SET status = 'paused', pause_reason = $1
WHERE status = 'running' AND exercise_id <> 0
  AND EXISTS (SELECT FROM incident WHERE exercise_id = 0 AND grade = 1 AND closed_at IS NULL AND kind <> 'hub')
RETURNING exercise_id

-- name: stop
UPDATE exercise SET status = 'ended', ended_at = $2 WHERE exercise_id = $1 AND status <> 'ended' RETURNING exercise_id

-- name: pause_one
UPDATE exercise SET status = 'paused', pause_reason = $2 WHERE exercise_id = $1 AND status = 'running'
RETURNING exercise_id

-- name: enrolled
SELECT exercise_id, array_agg(squad_id ORDER BY squad_id) AS squads FROM exercise_squad
WHERE exercise_id = ANY ($1::int[]) GROUP BY exercise_id

-- name: tell
SELECT pg_notify('lifeline', subject) FROM unnest($1::text[]) AS subject

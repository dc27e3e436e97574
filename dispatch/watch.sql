-- name: take_turn
SELECT pg_advisory_xact_lock($1)

-- name: due
-- Tasks whose clock has run to its next step; one that somebody else is at comes next time. An exercise's clocks stand
-- while it is paused.
SELECT task_id, task.incident_id, task.squad_id, status, task.updated_at, created_at, unconfirmed_since, clock_at,
       check_in_at, limits, incident.grade, coalesce(role.skill, incident.skill) AS skill, title.title_zh,
       title.title_en, squad.name_zh AS squad_zh, squad.name_en AS squad_en, plan_id,
       coalesce(response.grade, incident.grade) AS planned_grade
FROM task JOIN incident USING (incident_id) LEFT JOIN response USING (incident_id)
LEFT JOIN response_role AS role USING (incident_id, role)
LEFT JOIN squad ON squad.squad_id = task.squad_id
CROSS JOIN LATERAL (SELECT incident.title_zh, incident.title_en) AS title
WHERE open AND clock_at <= $1
  AND task.exercise_id IN (SELECT exercise_id FROM exercise WHERE exercise.status = 'running')
ORDER BY incident.grade, clock_at, task_id LIMIT $2
FOR NO KEY UPDATE OF task SKIP LOCKED

-- name: set_clocks
UPDATE task SET clock_at = ahead.clock_at
FROM jsonb_to_recordset($1) AS ahead (task_id bigint, clock_at timestamptz) WHERE task.task_id = ahead.task_id

-- name: due_reports
WITH due AS (
    SELECT incident_id, report_clock_at AS was_due_at, title_zh, title_en
    FROM response JOIN incident USING (incident_id)
    WHERE report_clock_at <= $1 AND exercise_id IN (SELECT exercise_id FROM exercise WHERE status = 'running')
    ORDER BY report_clock_at LIMIT $3 FOR NO KEY UPDATE OF response SKIP LOCKED
)
UPDATE response SET report_clock_at = $1::timestamptz + $2::interval FROM due
WHERE response.incident_id = due.incident_id
RETURNING due.*, report_kind

-- name: tell
SELECT pg_notify('lifeline', subject) FROM unnest(ARRAY['task', 'notification']) AS subject

-- name: page
SELECT task_id, incident_id, squad_id, status, role, lead, confined_space, decision, created_at, updated_at,
       arrival_expected_at, clock_at, check_in_at, ended_for
FROM task
WHERE ($1::bigint IS NULL OR task_id < $1)
  AND ($2::text[] IS NULL OR status = ANY ($2))
  AND ($3::text IS NULL OR squad_id = $3)
  AND ($4::bigint IS NULL OR incident_id = $4)
  AND ($5::text IS NULL OR squad_id = $5)
  AND ($6::bigint IS NULL OR exercise_id = $6)
ORDER BY task_id DESC
LIMIT $7

-- name: of_incident
SELECT task_id, incident_id, squad_id, status, role, lead, confined_space, decision, created_at, updated_at,
       arrival_expected_at, clock_at, check_in_at, ended_for
FROM task WHERE incident_id = $1 ORDER BY task_id DESC LIMIT $2

-- name: one
SELECT task_id, incident_id, squad_id, status, role, lead, confined_space, decision, created_at, updated_at,
       arrival_expected_at, clock_at, check_in_at, ended_for
FROM task WHERE task_id = $1

-- name: events
SELECT at, event, actor, note FROM task_event WHERE task_id = $1 ORDER BY task_event_id LIMIT $2

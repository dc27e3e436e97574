-- name: outgrown
-- Incidents without a response, graver than it, or fed back with a hazard that has grown graver since the check on site,
-- and the plan in force for each; its content with the first of those that it is for.
WITH outgrown AS MATERIALIZED (
    SELECT incident_id, hazard_type, incident.grade, skill, response.incident_id IS NOT NULL AS planned,
           stage = 'fed_back' AS again, exercise_id
    FROM incident LEFT JOIN response USING (incident_id)
    WHERE closed_at IS NULL AND exercise_id IN (SELECT exercise_id FROM exercise WHERE status = 'running')
      AND (stage IN ('reported', 'filed', 'dispatched', 'handling')
               AND (response.incident_id IS NULL OR response.grade > incident.grade)
           OR stage = 'fed_back' AND EXISTS (SELECT FROM hazard WHERE hazard.incident_id = incident.incident_id
                                             AND cleared_at IS NULL AND checked_at IS NULL))
    ORDER BY exercise_id <> 0, incident.grade, incident_id LIMIT $1
    FOR NO KEY UPDATE OF incident SKIP LOCKED
)
SELECT outgrown.*, plan_id, revision,
       CASE WHEN row_number() OVER (PARTITION BY plan_id ORDER BY incident_id) = 1 THEN body END AS body
FROM outgrown LEFT JOIN LATERAL (
    SELECT plan_id, revision, body FROM plan
    WHERE plan.hazard_type = outgrown.hazard_type AND approved_at IS NOT NULL ORDER BY revision DESC LIMIT 1
) AS in_force ON true
ORDER BY exercise_id <> 0, grade, incident_id

-- name: write
-- Roles that are called for stay so when the grade or the plan changes; a response that starts anew keeps them too.
WITH entry AS (
    SELECT * FROM jsonb_to_recordset($1) AS entry (incident_id bigint, plan_id bigint, grade smallint, again boolean,
        report_due_at timestamptz)
), applied AS (
    INSERT INTO response (incident_id, plan_id, grade, report_kind, report_due_at, report_clock_at)
    SELECT incident_id, plan_id, entry.grade, CASE WHEN report_due_at IS NOT NULL THEN 'first' END,
           report_due_at, report_due_at
    FROM entry WHERE true
    ON CONFLICT (incident_id) DO UPDATE SET
        plan_id = excluded.plan_id, grade = excluded.grade,
        after_task = CASE
            WHEN (SELECT again FROM entry WHERE entry.incident_id = excluded.incident_id)
            THEN (SELECT coalesce(max(task_id), 0) FROM task WHERE task.incident_id = excluded.incident_id)
            ELSE response.after_task END,
        told_grade = CASE -- whoever has the duty by now hears of what flares up, at whatever grade
            WHEN (SELECT again FROM entry WHERE entry.incident_id = excluded.incident_id) THEN least(response.told_grade, 0)
            ELSE response.told_grade END,
        report_kind = coalesce(response.report_kind, excluded.report_kind),
        report_due_at = least(response.report_due_at, excluded.report_due_at),
        report_clock_at = least(response.report_clock_at, excluded.report_clock_at)
    RETURNING incident_id
)
INSERT INTO response_role (incident_id, role, skill, lead, confined_space, title_zh, title_en)
SELECT incident_id, name, skill, lead, confined_space, title ->> 'zh', title ->> 'en'
FROM jsonb_to_recordset($2) AS role (incident_id bigint, name text, skill text, lead boolean, confined_space boolean,
     title jsonb)
WHERE incident_id IN (SELECT incident_id FROM applied)
ON CONFLICT (incident_id, role) DO NOTHING

-- name: untold
-- Responses that people haven't been told of at the grade that they have now. Of an exercise that has ended nobody is told
-- any more, and of a paused one when it goes on.
SELECT incident_id, skill, incident.title_zh, incident.title_en, plan_id, response.grade AS planned_grade, told_grade,
       exercise.status = 'running' AS running
FROM response JOIN incident USING (incident_id) JOIN exercise USING (exercise_id)
WHERE told_grade IS DISTINCT FROM response.grade AND exercise.status <> 'paused'
ORDER BY exercise_id <> 0, response.grade, incident_id LIMIT $1
FOR NO KEY UPDATE OF response SKIP LOCKED

-- name: told
UPDATE response SET told_grade = grade WHERE incident_id = ANY ($1::bigint[])

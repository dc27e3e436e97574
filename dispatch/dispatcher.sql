-- name: take_turn
-- A statement of its own: the next one must see what the dispatcher before committed.
SELECT pg_advisory_xact_lock($1)

-- name: one
SELECT incident_id, role, squad_id, status FROM task WHERE task_id = $1 FOR NO KEY UPDATE

-- name: due
-- Roles of responses that nobody fills, gravest first. One that nobody could be found for comes again when a squad with
-- the skill is free, and from time to time to have its explanation brought up to date. Once the role's squad or the one
-- that leads has done its work, nobody is called. A new task's number is drawn here, since the order repeats it. The lock
-- lets the alert engine's events refer to the incident meanwhile.
WITH due AS MATERIALIZED (
    SELECT incident.incident_id, hazard_type, incident.grade, stage, role.role, role.skill, role.lead,
           role.confined_space, role.title_zh AS role_zh, role.title_en AS role_en, incident.title_zh,
           incident.title_en, grid_id, longitude, latitude, opened_at, plan_id, response.grade AS planned_grade,
           incident.exercise_id, standing.task_id AS waiting_id
    FROM incident JOIN response USING (incident_id) JOIN response_role AS role USING (incident_id)
    LEFT JOIN LATERAL ( -- the limit keeps this one look into the index for each role, whatever the statistics
        SELECT task_id, status, updated_at FROM task
        WHERE task.incident_id = incident.incident_id
          AND (task.role = role.role AND open
               OR (task.role = role.role OR task.lead) AND status IN ('done', 'checked') AND task_id > after_task)
        ORDER BY open LIMIT 1
    ) AS standing ON true
    WHERE closed_at IS NULL AND stage IN ('reported', 'filed', 'dispatched', 'handling')
      AND incident.exercise_id IN (SELECT exercise_id FROM exercise WHERE exercise.status = 'running')
      AND ($4::bigint IS NULL OR incident.incident_id = $4 AND role.role = $5::text) -- one that an officer names
      AND (standing.task_id IS NULL
           OR standing.status = 'unassigned' AND (role.skill = ANY ($1::text[]) OR standing.updated_at <= $2))
    ORDER BY incident.exercise_id <> 0, incident.grade, incident.incident_id, role.lead DESC, role.role LIMIT $3
    FOR NO KEY UPDATE OF incident SKIP LOCKED
)
SELECT due.*, waiting_id IS NOT NULL AS known, declined.by AS declined_by, declined.at AS declined_at,
       coalesce(waiting_id, nextval(pg_get_serial_sequence('public.task', 'task_id'))) AS task_id,
       before.unconfirmed_since
FROM due LEFT JOIN LATERAL (
    -- Who didn't answer is asked again once nobody else is left; a no is respected for a while.
    SELECT array_agg(squad_id ORDER BY task_id) AS by,
           array_agg(CASE WHEN ended_for = 'unconfirmed' THEN updated_at - interval '15 minutes' ELSE updated_at END
                     ORDER BY task_id) AS at
    FROM task WHERE task.incident_id = due.incident_id AND status IN ('refused', 'failed', 'cancelled')
      AND squad_id IS NOT NULL AND due.stage <> 'reported' -- where nobody has been sent, nobody has declined
) AS declined ON true
LEFT JOIN LATERAL (
    SELECT unconfirmed_since FROM task WHERE task.incident_id = due.incident_id AND task.role = due.role
    ORDER BY task_id DESC LIMIT 1
) AS before ON due.stage <> 'reported'
ORDER BY grade, incident_id, lead DESC, role

-- name: write
-- Whatever happened to the task between the decision and here, only what takes effect is logged and ordered. $4 is
-- the largest part of the decisions, the squads passed over; many entries may share one. $5 is what is notified. Until $6
-- whoever runs this may send the orders and nobody else, as behind a lease of the outbox; NULL: whoever comes first.
-- The incidents are locked since they were found due; beside them the clocks in force, as for a lock of the case.
WITH entry AS (
    SELECT * FROM jsonb_to_recordset($1) AS entry (incident_id bigint, task_id bigint, known boolean,
        grade smallint, role text, lead boolean, confined_space boolean, limits jsonb, unconfirmed_since timestamptz,
        clock_at timestamptz, arrival_expected_at timestamptz, squad_id text, head jsonb, passed_over integer, key text,
        body jsonb, actor text)
), opened AS (
    INSERT INTO task (task_id, incident_id, squad_id, status, decision, role, lead, confined_space, limits,
                      unconfirmed_since, clock_at, arrival_expected_at, created_at, updated_at)
    OVERRIDING SYSTEM VALUE
    SELECT task_id, incident_id, squad_id, CASE WHEN squad_id IS NULL THEN 'unassigned' ELSE 'ordered' END,
           head || ($4::jsonb[])[passed_over], role, lead, confined_space, limits, unconfirmed_since, clock_at,
           arrival_expected_at, $2, $2
    FROM entry WHERE NOT known
    ON CONFLICT (incident_id, role) WHERE open DO NOTHING
    RETURNING task_id
), taken AS (
    UPDATE task SET squad_id = entry.squad_id, decision = head || ($4::jsonb[])[passed_over], updated_at = $2,
           clock_at = CASE WHEN entry.squad_id IS NULL THEN task.clock_at ELSE entry.clock_at END,
           arrival_expected_at = entry.arrival_expected_at,
           status = CASE WHEN entry.squad_id IS NULL THEN 'unassigned' ELSE 'ordered' END
    FROM entry WHERE known AND task.task_id = entry.task_id AND task.status = 'unassigned'
      AND (entry.squad_id IS NOT NULL OR task.updated_at <= $3 OR task.decision <> (head || ($4::jsonb[])[passed_over]))
    RETURNING task.task_id
), effective AS (
    SELECT entry.* FROM entry JOIN (SELECT task_id FROM opened UNION ALL SELECT task_id FROM taken) AS changed
        USING (task_id)
), logged AS (
    INSERT INTO task_event (task_id, at, event, actor, note)
    SELECT task_id, $2, CASE WHEN squad_id IS NULL THEN 'unassigned' ELSE 'ordered' END,
           coalesce(actor, 'dispatcher'), concat_ws(' / ', head #>> '{reason,zh}', head #>> '{reason,en}')
    FROM effective WHERE squad_id IS NOT NULL OR NOT known ORDER BY task_id
), told AS (
    INSERT INTO notification (key, task_id, incident_id, channel, recipient, grade, body, attempts, next_attempt_at,
                              created_at)
    SELECT key, task_id, incident_id, 'mqtt', squad_id, grade, body, CASE WHEN $6::timestamptz IS NULL THEN 0 ELSE 1 END,
           coalesce($6, $2), $2
    FROM effective WHERE squad_id IS NOT NULL
    RETURNING task_id, notification_id, key, kind, recipient, body, attempts, next_attempt_at, sent_at
)
SELECT task_id, incident_id, role, squad_id, known, effective.grade, notification_id, told.key, told.kind, recipient,
       told.body, attempts, next_attempt_at, sent_at, hazard_type, stage, due_at, fed_back_at, overtime, appeal, appealed_by, verified_how,
       verified_by, verified_at, closed_at, pg_notify('lifeline', $5),
       CASE row_number() OVER (ORDER BY task_id) WHEN 1
           THEN (SELECT body FROM case_clock ORDER BY case_clock_id DESC LIMIT 1) END AS clocks
FROM effective JOIN incident USING (incident_id) LEFT JOIN told USING (task_id) ORDER BY task_id

-- name: drop
-- Nobody needs to be found any more for an incident that was closed or merged, or whose exercise has ended.
WITH dropped AS (
    UPDATE task SET status = 'cancelled', ended_for = 'not_needed', clock_at = NULL, updated_at = $1
    FROM incident JOIN exercise USING (exercise_id)
    WHERE incident.incident_id = task.incident_id AND (closed_at IS NOT NULL OR exercise.status = 'ended')
      AND open AND task.status = 'unassigned' -- open names the index
    RETURNING task_id
)
INSERT INTO task_event (task_id, at, event, actor, note)
SELECT task_id, $1, 'cancelled', 'dispatcher', '事件已结案 / its incident is closed' FROM dropped ORDER BY task_id

-- name: take_turn
-- A statement of its own: the next one must see what the dispatcher before committed.
SELECT pg_advisory_xact_lock($1)

-- name: due
-- Incidents without a squad, gravest first. One that nobody could be found for comes again when a squad with the skill
-- is free, and from time to time to have its explanation brought up to date. A new task's number is drawn here, since
-- the order repeats it. The lock lets the alert engine's events refer to the incident meanwhile.
WITH due AS MATERIALIZED (
    SELECT incident.*, waiting.task_id AS waiting_id
    FROM incident
    LEFT JOIN LATERAL ( -- the limit keeps this one look into task_one_open for each incident, whatever the statistics
        SELECT task_id, status, updated_at FROM task
        WHERE task.incident_id = incident.incident_id AND status NOT IN ('done', 'refused', 'cancelled') LIMIT 1
    ) AS waiting ON true
    WHERE closed_at IS NULL
      AND incident.exercise_id IN (SELECT exercise_id FROM exercise WHERE status = 'running')
      AND (stage IN ('reported', 'filed')
           OR stage = 'fed_back' AND EXISTS (SELECT FROM hazard WHERE hazard.incident_id = incident.incident_id
                                             AND cleared_at IS NULL AND checked_at IS NULL))
      AND (waiting.task_id IS NULL
           OR waiting.status = 'unassigned' AND (skill = ANY ($1::text[]) OR waiting.updated_at <= $2))
    ORDER BY grade, incident.incident_id LIMIT $3
    FOR NO KEY UPDATE OF incident SKIP LOCKED
)
SELECT incident_id, hazard_type, grade, stage, skill, title_zh, title_en, grid_id, longitude, latitude, opened_at,
       due.exercise_id, waiting_id IS NOT NULL AS known, declined.by AS declined_by, declined.at AS declined_at,
       coalesce(waiting_id, nextval(pg_get_serial_sequence('task', 'task_id'))) AS task_id
FROM due LEFT JOIN LATERAL (
    SELECT array_agg(squad_id ORDER BY task_id) AS by, array_agg(updated_at ORDER BY task_id) AS at
    FROM task WHERE task.incident_id = due.incident_id AND status IN ('refused', 'cancelled')
      AND due.stage <> 'reported' -- where nobody has been sent, nobody has declined
) AS declined ON true
ORDER BY grade, incident_id

-- name: write
-- Whatever happened to the task between the decision and here, only what takes effect is logged and ordered.
WITH entry AS (
    SELECT * FROM jsonb_to_recordset($1) AS entry (incident_id bigint, task_id bigint, known boolean, stage text,
        squad_id text, decision jsonb, key text, body jsonb)
), opened AS (
    INSERT INTO task (task_id, incident_id, squad_id, status, decision, created_at, updated_at)
    OVERRIDING SYSTEM VALUE
    SELECT task_id, incident_id, squad_id, CASE WHEN squad_id IS NULL THEN 'unassigned' ELSE 'ordered' END, decision,
           $2, $2
    FROM entry WHERE NOT known
    ON CONFLICT (incident_id) WHERE status NOT IN ('done', 'refused', 'cancelled') DO NOTHING
    RETURNING task_id
), taken AS (
    UPDATE task SET squad_id = entry.squad_id, decision = entry.decision, updated_at = $2,
           status = CASE WHEN entry.squad_id IS NULL THEN 'unassigned' ELSE 'ordered' END
    FROM entry WHERE known AND task.task_id = entry.task_id AND task.status = 'unassigned'
      AND (entry.squad_id IS NOT NULL OR task.decision <> entry.decision OR task.updated_at <= $3)
    RETURNING task.task_id
), effective AS (
    SELECT entry.* FROM entry JOIN (SELECT task_id FROM opened UNION ALL SELECT task_id FROM taken) AS changed
        USING (task_id)
), logged AS (
    INSERT INTO task_event (task_id, at, event, actor, note)
    SELECT task_id, $2, CASE WHEN squad_id IS NULL THEN 'unassigned' ELSE 'ordered' END, 'dispatcher',
           decision #>> '{reason,en}'
    FROM effective WHERE squad_id IS NOT NULL OR NOT known ORDER BY task_id
), told AS (
    INSERT INTO notification (key, task_id, channel, recipient, body, next_attempt_at, created_at)
    SELECT key, task_id, 'mqtt', squad_id, body, $2, $2 FROM effective WHERE squad_id IS NOT NULL
)
SELECT task_id, incident_id, stage, squad_id FROM effective ORDER BY task_id

-- name: withdraw
-- Nobody needs to be found any more for an incident that was closed or merged.
WITH withdrawn AS (
    UPDATE task SET status = 'cancelled', updated_at = $1 FROM incident
    WHERE incident.incident_id = task.incident_id AND closed_at IS NOT NULL AND status = 'unassigned'
    RETURNING task_id
)
INSERT INTO task_event (task_id, at, event, actor, note)
SELECT task_id, $1, 'cancelled', 'dispatcher', 'its incident is closed' FROM withdrawn ORDER BY task_id

-- name: tell
SELECT pg_notify('lifeline', subject) FROM unnest(ARRAY['task', 'incident', 'notification']) AS subject

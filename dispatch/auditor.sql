-- name: findings
-- Of what is real, and of exercises that are under way.
WITH running AS (SELECT exercise_id FROM exercise WHERE status = 'running')
SELECT 'task_without_clock' AS what, incident_id, task_id FROM task WHERE open AND clock_at IS NULL
  AND exercise_id IN (SELECT exercise_id FROM running)
UNION ALL
SELECT 'task_not_watched', incident_id, task_id FROM task WHERE open AND clock_at <= $1
  AND exercise_id IN (SELECT exercise_id FROM running)
UNION ALL
SELECT 'task_ahead_of_time', incident_id, task_id FROM task WHERE open AND updated_at > $3
  AND exercise_id IN (SELECT exercise_id FROM running)
UNION ALL
SELECT 'incident_without_response', incident_id, NULL FROM incident
WHERE closed_at IS NULL AND opened_at <= $1 AND exercise_id IN (SELECT exercise_id FROM running)
  AND NOT EXISTS (SELECT FROM response WHERE response.incident_id = incident.incident_id)
UNION ALL
SELECT 'incident_without_task', incident_id, NULL FROM incident JOIN response USING (incident_id)
WHERE EXISTS (SELECT FROM response_role AS role WHERE role.incident_id = incident.incident_id) AND closed_at IS NULL AND stage IN ('reported', 'filed', 'dispatched', 'handling') AND opened_at <= $1
  AND exercise_id IN (SELECT exercise_id FROM running)
  AND NOT EXISTS (SELECT FROM task WHERE task.incident_id = incident.incident_id
                  AND (open OR lead AND status IN ('done', 'checked') AND task_id > after_task))
  AND NOT EXISTS (SELECT FROM task WHERE task.incident_id = incident.incident_id AND updated_at > $1)
UNION ALL
SELECT 'order_not_sent', notification.incident_id, task_id FROM notification JOIN task USING (task_id)
WHERE kind = 'order' AND open AND notification.incident_id IS NOT NULL AND sent_at IS NULL AND received_at IS NULL
  AND notification.created_at <= $1 AND task.exercise_id IN (SELECT exercise_id FROM running)
UNION
SELECT 'message_not_delivered', incident_id, task_id FROM notification
WHERE dead_at > $2 AND incident_id IS NOT NULL AND kind <> 'audit' AND exercise_id IN (SELECT exercise_id FROM running)
ORDER BY 2, 3 NULLS FIRST, 1

-- name: start_clocks
UPDATE task SET clock_at = updated_at, unconfirmed_since = coalesce(unconfirmed_since, created_at)
WHERE open AND clock_at IS NULL

-- name: begin_anew
-- What was written while the clock ran ahead begins now; else it would wait until that time has come.
WITH sending AS (
    UPDATE notification SET next_attempt_at = $1
    WHERE next_attempt_at > $1 AND (greatest(created_at, attempted_at) > $2 OR channel = 'mqtt' AND next_attempt_at > $3)
)
UPDATE task SET updated_at = $1, clock_at = $1, unconfirmed_since = least(unconfirmed_since, $1),
       check_in_at = least(check_in_at, $1 + make_interval(secs => coalesce((limits ->> 'check_in_s')::float8, 600)))
WHERE open AND updated_at > $2

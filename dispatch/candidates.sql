-- name: need
-- What is called for with this task, and who declined the incident before.
SELECT task.incident_id, task.role, task.lead, incident.grade, coalesce(role.skill, incident.skill) AS skill, longitude,
       latitude, opened_at, incident.exercise_id, CASE WHEN open THEN task.squad_id END AS squad_id,
       declined.by AS declined_by, declined.at AS declined_at
FROM task JOIN incident USING (incident_id)
LEFT JOIN response_role AS role ON role.incident_id = task.incident_id AND role.role = task.role
CROSS JOIN LATERAL (
    SELECT array_agg(squad_id ORDER BY task_id) AS by, array_agg(updated_at ORDER BY task_id) AS at
    FROM task AS other WHERE other.incident_id = task.incident_id AND other.squad_id IS NOT NULL
      AND other.status IN ('refused', 'failed', 'cancelled')
) AS declined
WHERE task_id = $1

-- name: due
SELECT incident_id, plan_id, response.grade AS planned_grade, skill, report_kind, report_due_at
FROM response JOIN incident USING (incident_id)
WHERE incident_id = $1 AND report_kind IS NOT NULL FOR NO KEY UPDATE OF response

-- name: file
WITH filed AS (
    INSERT INTO situation_report (incident_id, kind, text, due_at, filed_at, actor) VALUES ($1, $2, $3, $4, $5, $6)
)
UPDATE response SET report_kind = CASE WHEN $7::timestamptz IS NOT NULL THEN 'follow_up' END, report_due_at = $7,
       report_clock_at = $7
WHERE incident_id = $1

-- name: closed
SELECT incident_id, plan_id, response.grade AS planned_grade, skill
FROM response JOIN incident USING (incident_id)
WHERE report_clock_at IS NOT NULL AND report_kind <> 'final' AND closed_at IS NOT NULL

-- name: ask_for_final
UPDATE response SET report_kind = 'final', report_due_at = asked.due_at, report_clock_at = asked.due_at
FROM jsonb_to_recordset($1) AS asked (incident_id bigint, due_at timestamptz)
WHERE response.incident_id = asked.incident_id

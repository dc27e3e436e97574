-- name: page
SELECT situation_report_id AS report_id, kind, text, due_at, filed_at, actor
FROM situation_report
WHERE incident_id = $1 AND ($2::bigint IS NULL OR situation_report_id > $2)
ORDER BY situation_report_id
LIMIT $3

-- name: latest
SELECT situation_report_id AS report_id, kind, text, due_at, filed_at, actor
FROM situation_report WHERE incident_id = $1 ORDER BY situation_report_id DESC LIMIT 1

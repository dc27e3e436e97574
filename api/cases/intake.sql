-- name: page
SELECT incident_report_id AS report_id, source, reference, hazard_type, grade, place, text, longitude, latitude,
       reported_at, actor
FROM incident_report
WHERE incident_id = $1 AND ($2::bigint IS NULL OR incident_report_id > $2)
ORDER BY incident_report_id
LIMIT $3

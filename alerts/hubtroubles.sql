-- name: open
SELECT hazard_type, incident_id, grade FROM incident WHERE kind = 'hub' AND closed_at IS NULL AND merged_into IS NULL
ORDER BY incident_id DESC

-- name: resting
-- The gravest grade that each type had of late.
SELECT hazard_type, min(peak_grade) AS peak_grade FROM incident WHERE kind = 'hub' AND closed_at > $1 GROUP BY hazard_type

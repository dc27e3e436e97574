-- name: lock
SELECT incident_id, stage, closed_at, hazard_type, family, exercise_id FROM incident
WHERE incident_id = ANY ($1::bigint[]) ORDER BY incident_id FOR NO KEY UPDATE

-- name: hazards_of
SELECT hazard_id FROM hazard WHERE incident_id = $1 ORDER BY hazard_id FOR NO KEY UPDATE

-- name: first_of
-- The one whose place and name a new incident takes: the gravest, among equals the oldest.
SELECT hazard_id, greatest(raised_at, graded_at) AS at FROM hazard WHERE hazard_id = ANY ($1::bigint[])
ORDER BY peak_grade, raised_at, hazard_id LIMIT 1

-- name: move_reports
UPDATE incident_report SET incident_id = $2 WHERE incident_id = $1

-- name: take_over
-- What a person reported of the one counts for the other too.
UPDATE incident SET reported_grade = least(incident.reported_grade, merged.reported_grade),
       grade = least(incident.grade, merged.reported_grade),
       active_at = greatest(incident.active_at, merged.active_at)
FROM incident AS merged WHERE incident.incident_id = $2 AND merged.incident_id = $1

-- name: close_merged
UPDATE incident SET stage = 'closed', closed_at = $3, merged_into = $2 WHERE incident_id = $1

-- name: set_level
UPDATE incident SET event_level = $2 WHERE incident_id = $1 RETURNING incident_id

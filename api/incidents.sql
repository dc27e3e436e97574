-- name: page
SELECT incident_id, exercise_id, kind, hazard_type, grade, stage, skill, title_zh, title_en, grid_id, longitude, latitude,
       opened_at, closed_at, source, peak_grade, event_level, due_at, overtime, appeal, verified_how, merged_into
FROM incident
WHERE ($1::bigint IS NULL OR incident_id < $1)
  AND ($2::boolean IS NULL OR (closed_at IS NULL) = $2)
  AND ($3::smallint[] IS NULL OR grade = ANY ($3))
  AND ($4::text[] IS NULL OR stage = ANY ($4))
  AND ($5::text IS NULL OR hazard_type = $5)
  AND ($6::bigint IS NULL OR exercise_id = $6)
ORDER BY incident_id DESC
LIMIT $7

-- name: one
SELECT incident_id, exercise_id, kind, hazard_type, grade, stage, skill, title_zh, title_en, grid_id, longitude, latitude,
       opened_at, closed_at, source, peak_grade, event_level, due_at, overtime, appeal, verified_how, merged_into
FROM incident
WHERE incident_id = $1

-- name: events
-- The newest ones, in the order in which they happened.
SELECT * FROM (
    SELECT incident_event_id, at, event, actor, detail
    FROM incident_event WHERE incident_id = $1 ORDER BY incident_event_id DESC LIMIT $2
) AS newest
ORDER BY incident_event_id

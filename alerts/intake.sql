-- name: known
-- What is reported under a number comes once, however often it is sent.
SELECT incident_id FROM incident_report WHERE source = $1 AND reference = $2

-- name: type
-- What a rule says of a hazard type that sensors find.
SELECT kind, body ->> 'skill' AS skill, body #>> '{title,zh}' AS title_zh, body #>> '{title,en}' AS title_en
FROM rule WHERE hazard_type = $1 AND approved_by IS NOT NULL AND NOT coalesce((body ->> 'maintenance')::boolean, false)
ORDER BY rule_id DESC LIMIT 1

-- name: types
SELECT DISTINCT hazard_type FROM rule WHERE NOT coalesce((body ->> 'maintenance')::boolean, false) ORDER BY 1

-- name: open
INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, grid_id, longitude, latitude, opened_at,
                      source, family, reported_grade)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $3)
RETURNING incident_id

-- name: join
-- Graver when the report says so.
UPDATE incident SET active_at = greatest(active_at, $2), grade = least(grade, $3),
       reported_grade = least(reported_grade, $3)
WHERE incident_id = $1 AND closed_at IS NULL AND stage <> 'verified' RETURNING incident_id

-- name: keep
INSERT INTO incident_report (incident_id, source, reference, hazard_type, grade, place, text, longitude, latitude,
                             reported_at, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: reports_of
SELECT source, reference, hazard_type, grade, place, text, longitude, latitude, reported_at, actor
FROM incident_report WHERE incident_id = $1 ORDER BY incident_report_id

-- name: not_over
SELECT incident_id FROM incident_report
WHERE source = $1 AND reference = $2 AND NOT EXISTS (
    SELECT FROM incident_event WHERE incident_event.incident_id = incident_report.incident_id AND event = 'over'
      AND detail ->> 'source' = $1 AND detail ->> 'reference' = $2)

-- name: rules_in_force
SELECT DISTINCT ON (kind, hazard_type) rule_id, kind, hazard_type, revision, body
FROM rule ORDER BY kind, hazard_type, revision DESC

-- name: open_hazards_of
SELECT sensor_id, hazard_type, grade, graded_at, latched AND checked_at IS NULL AS latched
FROM hazard WHERE cleared_at IS NULL AND sensor_id = ANY($1::int[])

-- name: checked
SELECT sensor_id, hazard_type FROM hazard WHERE cleared_at IS NULL AND latched AND checked_at IS NOT NULL

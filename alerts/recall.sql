-- name: hazards_of
-- Open ones, and those that ended since $2.
SELECT hazard_id, sensor_id, hazard_type, rule_id, grade, raised_at, graded_at, checked_at, dismissed_at, cleared_at,
       latched AND checked_at IS NULL AS latched
FROM hazard WHERE sensor_id = ANY($1::int[]) AND (cleared_at IS NULL OR cleared_at > $2)

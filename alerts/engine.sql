-- name: grave
-- Open hazards of the types that confirm each other.
SELECT hazard.sensor_id, hazard_type, grade FROM hazard
WHERE cleared_at IS NULL AND hazard_type = ANY($1::text[])

-- name: told
-- What people said of open hazards: found harmless on site, or cleared by hand.
SELECT sensor_id, hazard_type, latched, checked_at, dismissed_at, dismissed_by
FROM hazard WHERE cleared_at IS NULL AND (latched AND checked_at IS NOT NULL OR dismissed_at IS NOT NULL)

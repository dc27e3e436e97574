-- name: open_in
-- Open hazards of some types in some chambers.
SELECT sensor_id, hazard_type, grade FROM hazard JOIN sensor USING (sensor_id)
WHERE cleared_at IS NULL AND hazard_type = ANY ($2::text[]) AND attributes ->> 'chamber' = ANY ($1::text[])

-- name: endangered
SELECT DISTINCT sensor_id FROM hazard WHERE cleared_at IS NULL

-- name: has_sensors
SELECT to_regclass('sensor') IS NOT NULL

-- name: stranger
-- A sensor that is not of the demonstration county.
SELECT code FROM sensor WHERE code <> ALL ($1::text[]) ORDER BY sensor_id LIMIT 1

-- name: other_hub
SELECT name FROM process WHERE seen_at > $1 AND detail <> 'stopped' ORDER BY name LIMIT 1

-- name: unfinished
-- Squads under way are missing in the drill; a hazard that is open can't be raised.
SELECT EXISTS (SELECT FROM task WHERE open)
    OR EXISTS (SELECT FROM hazard JOIN sensor USING (sensor_id) WHERE code = ANY ($1::text[]) AND cleared_at IS NULL)

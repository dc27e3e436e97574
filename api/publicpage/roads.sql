-- name: depths
-- The latest depth at every place where water is measured. The span of time keeps a silent sensor from reading all.
SELECT sensor.name_zh, sensor.name_en, town_zh, town_en, sensor.longitude, sensor.latitude, sensor.attributes,
       reading.time, reading.depth_m
FROM sensor LEFT JOIN grid USING (grid_id)
LEFT JOIN LATERAL (
    SELECT time, depth_m FROM depth_table
    WHERE depth_table.sensor_id = sensor.sensor_id AND time > $1 AND time <= $2 AND depth_m IS NOT NULL
    ORDER BY time DESC LIMIT 1
) AS reading ON true
WHERE sensor.kind = 'waterlogging' AND sensor.retired_at IS NULL AND sensor.longitude IS NOT NULL
  AND sensor.latitude IS NOT NULL

-- name: outlines
SELECT outline FROM grid ORDER BY grid_id

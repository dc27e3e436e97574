-- name: collect
-- Hazards whose rule marks them as work on the sensor, and that no open order holds; twins of an exercise need no work.
WITH waiting AS (
    SELECT hazard_id, coalesce(grid_id, '') AS grid_id, sensor.kind
    FROM hazard JOIN rule USING (rule_id) JOIN sensor USING (sensor_id)
    WHERE cleared_at IS NULL AND hazard.exercise_id = 0 AND (rule.body ->> 'maintenance')::boolean
      AND NOT EXISTS (SELECT FROM work_order_item JOIN work_order USING (work_order_id)
                      WHERE work_order_item.hazard_id = hazard.hazard_id AND done_at IS NULL)
), ordered AS (
    INSERT INTO work_order (grid_id, day, created_at) SELECT DISTINCT grid_id, $2::date, $1::timestamptz FROM waiting
    ON CONFLICT (grid_id, day) DO UPDATE SET done_at = NULL
    RETURNING work_order_id, grid_id
), added AS (
    INSERT INTO work_order_item (work_order_id, hazard_id)
    SELECT work_order_id, hazard_id FROM waiting JOIN ordered USING (grid_id)
    ON CONFLICT DO NOTHING RETURNING work_order_id, hazard_id
)
SELECT work_order_id, grid_id, kind, count(*)::integer AS sensors
FROM added JOIN ordered USING (work_order_id) JOIN waiting USING (hazard_id, grid_id)
GROUP BY work_order_id, grid_id, kind ORDER BY work_order_id, kind

-- name: finish
UPDATE work_order SET done_at = $1
WHERE done_at IS NULL AND NOT EXISTS (
    SELECT FROM work_order_item JOIN hazard USING (hazard_id)
    WHERE work_order_item.work_order_id = work_order.work_order_id AND cleared_at IS NULL)

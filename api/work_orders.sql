-- name: page
SELECT work_order_id, grid_id, day, created_at, done_at, held.items, held.open_items
FROM work_order CROSS JOIN LATERAL (
    SELECT count(*)::integer AS items, (count(*) FILTER (WHERE cleared_at IS NULL))::integer AS open_items
    FROM work_order_item JOIN hazard USING (hazard_id) WHERE work_order_item.work_order_id = work_order.work_order_id
) AS held
WHERE ($1::bigint IS NULL OR work_order_id < $1)
  AND ($2::boolean IS NULL OR (done_at IS NULL) = $2)
  AND ($3::text IS NULL OR grid_id = $3)
  AND ($4::bigint IS NULL OR work_order_id = $4)
  AND ($6::text IS NULL OR EXISTS (
       SELECT FROM work_order_item AS item JOIN hazard USING (hazard_id) JOIN sensor USING (sensor_id)
       WHERE item.work_order_id = work_order.work_order_id AND code = $6))
ORDER BY work_order_id DESC
LIMIT $5

-- name: items
SELECT hazard_id, code AS sensor, hazard_type, grade, reason_zh, reason_en, raised_at, cleared_at
FROM work_order_item JOIN hazard USING (hazard_id) JOIN sensor USING (sensor_id)
WHERE work_order_id = $1
ORDER BY hazard_id
LIMIT 500

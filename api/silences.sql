-- name: page
SELECT silence_id, sensor.code AS sensor, silence.grid_id, silence.kind, hazard_type, work_order, work_order_id,
       starts_at, ends_at, reason, created_by, ended_by,
       (SELECT count(*) FROM hazard WHERE hazard.silence_id = silence.silence_id AND cleared_at IS NULL) AS hazards
FROM silence LEFT JOIN sensor USING (sensor_id)
WHERE ($1::bigint IS NULL OR silence_id < $1)
  AND ($2 OR ends_at > $3::timestamptz)
  AND ($4::text IS NULL OR work_order = $4)
  AND ($6::bigint IS NULL OR work_order_id = $6)
  AND ($7::text IS NULL OR EXISTS (
       SELECT FROM sensor AS covered WHERE covered.code = $7
         AND (silence.sensor_id IS NULL OR silence.sensor_id = covered.sensor_id)
         AND (silence.grid_id IS NULL OR silence.grid_id = covered.grid_id)
         AND (silence.kind IS NULL OR silence.kind = covered.kind)
         AND (silence.work_order_id IS NULL OR EXISTS (
              SELECT FROM work_order_item AS item JOIN hazard AS listed USING (hazard_id)
              WHERE item.work_order_id = silence.work_order_id AND listed.sensor_id = covered.sensor_id))))
ORDER BY silence_id DESC
LIMIT $5

-- name: one
SELECT silence_id, sensor.code AS sensor, silence.grid_id, silence.kind, hazard_type, work_order, work_order_id,
       starts_at, ends_at, reason, created_by, ended_by,
       (SELECT count(*) FROM hazard WHERE hazard.silence_id = silence.silence_id AND cleared_at IS NULL) AS hazards
FROM silence LEFT JOIN sensor USING (sensor_id)
WHERE silence_id = $1

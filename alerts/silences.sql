-- name: add
INSERT INTO silence (sensor_id, grid_id, kind, hazard_type, work_order, work_order_id, starts_at, ends_at, reason,
                     created_by, created_at)
VALUES ((SELECT sensor_id FROM sensor WHERE code = $1), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING silence_id

-- name: sensor_exists
SELECT EXISTS (SELECT FROM sensor WHERE code = $1)

-- name: grid_exists
SELECT EXISTS (SELECT FROM grid WHERE grid_id = $1)

-- name: order_is_open
SELECT EXISTS (SELECT FROM work_order WHERE work_order_id = $1 AND done_at IS NULL)

-- name: end_with_orders
UPDATE silence SET ends_at = greatest($1, starts_at), ended_by = 'work-order-' || silence.work_order_id
FROM work_order WHERE work_order.work_order_id = silence.work_order_id AND done_at IS NOT NULL AND ends_at > $1

-- name: end_early
UPDATE silence SET ends_at = greatest($2, starts_at), ended_by = $3
WHERE ends_at > $2 AND (silence_id = $1 OR work_order = $4) RETURNING silence_id

-- name: listed
SELECT silence_id, sensor.code AS sensor, silence.grid_id, silence.kind, hazard_type, work_order, work_order_id,
       starts_at, ends_at, reason, created_by, ended_by,
       (SELECT count(*) FROM hazard WHERE hazard.silence_id = silence.silence_id AND cleared_at IS NULL) AS hazards
FROM silence LEFT JOIN sensor USING (sensor_id) WHERE $2 OR ends_at > $1
ORDER BY silence_id

-- name: over
-- Whether a silence that is over still holds a hazard back.
SELECT EXISTS (SELECT FROM hazard JOIN silence USING (silence_id) WHERE cleared_at IS NULL AND silence.ends_at <= $1)

-- name: pass_on
-- What another silence still covers goes over to the one that lasts longest.
UPDATE hazard SET silence_id = longest.silence_id
FROM (
    SELECT DISTINCT ON (hazard_id) hazard_id, other.silence_id
    FROM hazard JOIN sensor USING (sensor_id) JOIN silence AS ended ON ended.silence_id = hazard.silence_id
    JOIN silence AS other ON other.starts_at <= $1 AND other.ends_at > $1
         AND (other.sensor_id IS NULL OR other.sensor_id = sensor.sensor_id)
         AND (other.grid_id IS NULL OR other.grid_id = sensor.grid_id)
         AND (other.kind IS NULL OR other.kind = sensor.kind)
         AND (other.hazard_type IS NULL OR other.hazard_type = hazard.hazard_type)
         AND (other.work_order_id IS NULL OR EXISTS (
              SELECT FROM work_order_item AS item JOIN hazard AS listed USING (hazard_id)
              WHERE item.work_order_id = other.work_order_id AND listed.sensor_id = sensor.sensor_id))
    WHERE cleared_at IS NULL AND ended.ends_at <= $1
    ORDER BY hazard_id, other.ends_at DESC, other.silence_id
) AS longest
WHERE hazard.hazard_id = longest.hazard_id

-- name: end_silences
-- What is still bad when its silence is over.
WITH heard AS (
    UPDATE hazard SET silence_id = NULL
    FROM silence
    WHERE hazard.silence_id = silence.silence_id AND silence.ends_at <= $1 AND cleared_at IS NULL
    RETURNING hazard_id, grade, silence.ends_at, silence.silence_id
)
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, ends_at, 'raised', grade, '静默 ' || silence_id || ' 结束，险情仍在',
       'silence ' || silence_id || ' is over and the hazard still there', 'engine'
FROM heard
RETURNING hazard_id

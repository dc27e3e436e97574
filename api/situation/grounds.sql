-- name: hazard
SELECT h.sensor_id, h.raised_at, h.graded_at, s.code, s.kind, s.name_zh, s.name_en, s.longitude, s.latitude, s.attributes,
       s.owner_unit, s.responsible_person, s.responsible_phone, s.camera_id, s.camera_url, s.exercise_id,
       r.kind AS rule_kind, r.hazard_type, r.revision, r.body, r.source, r.approved_by, r.effective_from
FROM hazard AS h JOIN sensor AS s USING (sensor_id) JOIN rule AS r USING (rule_id)
WHERE h.hazard_id = $1

-- name: values
-- The newest ones first.
SELECT time, {column} AS value FROM {table} WHERE sensor_id = $1 AND time >= $2 AND {column} IS NOT NULL
ORDER BY time DESC LIMIT $3

-- name: near
-- Of the same kind and the same world, within $5 degrees of latitude and $6 of longitude.
SELECT s.code, s.name_zh, s.name_en, s.longitude, s.latitude, latest.time, latest.value,
       (SELECT min(grade) FROM hazard AS h WHERE h.sensor_id = s.sensor_id AND h.cleared_at IS NULL) AS grade
FROM sensor AS s
LEFT JOIN LATERAL (
    SELECT time, {column} AS value FROM {table} AS reading
    WHERE reading.sensor_id = s.sensor_id AND time >= $7 ORDER BY time DESC LIMIT 1
) AS latest ON true
WHERE s.kind = $1 AND s.exercise_id = $2 AND s.retired_at IS NULL AND s.code <> $8
  AND s.latitude BETWEEN $4::float8 - $5::float8 AND $4::float8 + $5::float8
  AND s.longitude BETWEEN $3::float8 - $6::float8 AND $3::float8 + $6::float8

-- name: page
SELECT h.hazard_id, s.code AS sensor, s.kind, h.hazard_type, h.grade, h.peak_grade, h.latched, h.reason_zh,
       h.reason_en, h.raised_at, h.graded_at, h.checked_at, h.acknowledged_at, h.acknowledged_by, h.cleared_at,
       h.incident_id
FROM hazard AS h
JOIN sensor AS s USING (sensor_id)
WHERE ($1::bigint IS NULL OR h.hazard_id < $1)
  AND ($2::boolean IS NULL OR (h.cleared_at IS NULL) = $2)
  AND ($3::smallint[] IS NULL OR h.grade = ANY ($3))
  AND ($4::text IS NULL OR h.hazard_type = $4)
  AND ($5::text IS NULL OR s.code = $5)
  AND ($6::text IS NULL OR s.kind = $6)
  AND ($7::text IS NULL OR s.grid_id = $7)
  AND ($8::text IS NULL OR s.owner_unit = $8)
  AND ($9::timestamptz IS NULL OR h.raised_at >= $9)
  AND ($10::timestamptz IS NULL OR h.raised_at < $10)
ORDER BY h.hazard_id DESC
LIMIT $11

-- name: of_incident
SELECT h.hazard_id, s.code AS sensor, s.kind, h.hazard_type, h.grade, h.peak_grade, h.latched, h.reason_zh,
       h.reason_en, h.raised_at, h.graded_at, h.checked_at, h.acknowledged_at, h.acknowledged_by, h.cleared_at,
       h.incident_id
FROM hazard AS h
JOIN sensor AS s USING (sensor_id)
WHERE h.incident_id = $1
ORDER BY h.hazard_id
LIMIT $2

-- name: one
SELECT h.hazard_id, s.code AS sensor, s.kind, h.hazard_type, h.grade, h.peak_grade, h.latched, h.reason_zh,
       h.reason_en, h.raised_at, h.graded_at, h.checked_at, h.acknowledged_at, h.acknowledged_by, h.cleared_at,
       h.incident_id
FROM hazard AS h
JOIN sensor AS s USING (sensor_id)
WHERE h.hazard_id = $1

-- name: events
-- The newest ones, in the order in which they happened.
SELECT * FROM (
    SELECT hazard_event_id, at, event, grade, reason_zh, reason_en, actor
    FROM hazard_event WHERE hazard_id = $1 ORDER BY hazard_event_id DESC LIMIT $2
) AS newest
ORDER BY hazard_event_id

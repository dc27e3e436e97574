-- name: acknowledge
-- Those of the incident that are open and that nobody has acknowledged yet.
WITH acknowledged AS (
    UPDATE hazard SET acknowledged_at = $2, acknowledged_by = $3
    WHERE incident_id = $1 AND cleared_at IS NULL AND acknowledged_at IS NULL
    RETURNING hazard_id, grade
)
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, $2, 'acknowledged', grade, $4, $4, $3 FROM acknowledged ORDER BY hazard_id

-- name: comment
INSERT INTO incident_event (incident_id, at, event, actor, detail) VALUES ($1, $2, 'commented', $3, $4)

-- name: tell
NOTIFY lifeline, 'incident'

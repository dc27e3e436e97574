-- name: incident
INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, opened_at)
VALUES ('gas', 'gas_leak', 4, 'gas', '压力测试', 'benchmark', $1) RETURNING incident_id

-- name: event
WITH said AS (
    INSERT INTO incident_event (incident_id, at, event, actor) VALUES ($1, $2, 'commented', 'bench')
)
SELECT pg_notify('lifeline', 'incident')

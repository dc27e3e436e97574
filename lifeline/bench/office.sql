-- name: change
WITH moved AS (
    UPDATE incident SET stage = CASE stage WHEN 'filed' THEN 'reported' ELSE 'filed' END, title_en = $2
    WHERE incident_id = $1 RETURNING incident_id
), said AS (
    INSERT INTO incident_event (incident_id, at, event, actor) SELECT incident_id, $3, 'commented', 'bench' FROM moved
)
SELECT pg_notify('lifeline', 'incident')

-- name: serving
-- Where the server is this machine: of another one nothing is known.
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'lifeline api'
  AND coalesce(host(inet_server_addr()), '127.0.0.1') IN ('127.0.0.1', '::1')

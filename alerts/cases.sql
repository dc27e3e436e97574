-- name: lock
-- The first one brings the newest clocks: whoever sends a squad needs them, and waits for no more answers than must be.
SELECT incident_id, hazard_type, stage, due_at, fed_back_at, overtime, appeal, appealed_by, verified_how, verified_by,
       verified_at, closed_at,
       CASE incident_id WHEN ($1::bigint[])[1]
           THEN (SELECT body FROM case_clock ORDER BY case_clock_id DESC LIMIT 1) END AS clocks
FROM incident WHERE incident_id = ANY ($1::bigint[]) ORDER BY incident_id FOR NO KEY UPDATE

-- name: hazards
-- A statement of its own after the lock: no hazard joins from then on.
SELECT incident_id, count(*) AS hazards, count(*) FILTER (WHERE cleared_at IS NULL) AS open
FROM hazard WHERE incident_id = ANY ($1::bigint[]) GROUP BY incident_id

-- name: finished
-- Handed back, and each of its hazards has cleared.
SELECT incident_id FROM incident
WHERE closed_at IS NULL AND stage = 'fed_back'
  AND EXISTS (SELECT FROM hazard WHERE hazard.incident_id = incident.incident_id)
  AND NOT EXISTS (SELECT FROM hazard WHERE hazard.incident_id = incident.incident_id AND cleared_at IS NULL)
FOR NO KEY UPDATE OF incident SKIP LOCKED

-- name: save
-- And wakes whoever follows incidents.
WITH logged AS (
    INSERT INTO incident_event (incident_id, at, event, actor, detail)
    SELECT incident_id, at, event, actor, detail
    FROM ROWS FROM (jsonb_to_recordset($2) AS
        (incident_id bigint, at timestamptz, event text, actor text, detail jsonb))
        WITH ORDINALITY AS entry (incident_id, at, event, actor, detail, place)
    ORDER BY place
), moved AS (
    UPDATE incident SET stage = given.stage, due_at = given.due_at, fed_back_at = given.fed_back_at,
           overtime = given.overtime, appeal = given.appeal, appealed_by = given.appealed_by,
           verified_how = given.verified_how, verified_by = given.verified_by, verified_at = given.verified_at,
           closed_at = given.closed_at
    FROM jsonb_to_recordset($1) AS given (incident_id bigint, stage text, due_at timestamptz, fed_back_at timestamptz,
         overtime boolean, appeal text, appealed_by text, verified_how text, verified_by text,
         verified_at timestamptz, closed_at timestamptz)
    WHERE incident.incident_id = given.incident_id
)
SELECT pg_notify('lifeline', $3)

-- name: overdue
-- Cases whose handling should have been handed back, the longest overdue first.
SELECT incident_id, hazard_type, grade, stage, due_at, $1::timestamptz - due_at AS by
FROM incident WHERE closed_at IS NULL AND fed_back_at IS NULL AND due_at < $1
ORDER BY due_at, incident_id LIMIT $2

-- name: one
SELECT * FROM warning WHERE warning_id = $1

-- name: lock
SELECT FROM warning WHERE warning_id = $1 FOR UPDATE

-- name: has_incident
SELECT EXISTS (SELECT FROM incident WHERE incident_id = $1)

-- name: is_drilled
SELECT EXISTS (SELECT FROM public.incident WHERE incident_id = $1 AND exercise_id <> 0)

-- name: proposal
SELECT i.incident_id, i.kind, i.grade, i.title_zh, i.title_en, g.town_zh, g.town_en, i.longitude, i.latitude,
       g.responsible_phone, coalesce(h.zh, '') AS reasons_zh, coalesce(h.en, '') AS reasons_en
FROM incident AS i
LEFT JOIN grid AS g USING (grid_id)
LEFT JOIN LATERAL (
    SELECT string_agg(reason_zh || '。', '' ORDER BY hazard_id) AS zh, string_agg(reason_en || '. ', '' ORDER BY hazard_id) AS en
    FROM (SELECT * FROM hazard WHERE incident_id = i.incident_id AND cleared_at IS NULL ORDER BY grade, hazard_id LIMIT 5) AS few
) AS h ON true
WHERE i.incident_id = $1

-- name: add
INSERT INTO warning (message, state, incident_id, replaces, status, event_level, warning_level, entry, expires_at,
                     drafted_by, edited_by, drafted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
RETURNING warning_id

-- name: edit
UPDATE warning
SET status = $2, event_level = $3, warning_level = $4, entry = $5, expires_at = $6, edited_by = $7, state = 'draft',
    approved_by = NULL, revision = revision + 1
WHERE warning_id = $1

-- name: move
UPDATE warning SET state = $2, revision = revision + 1 WHERE warning_id = $1

-- name: approve
UPDATE warning SET state = 'approved', approved_by = $2, revision = revision + 1 WHERE warning_id = $1

-- name: release
UPDATE warning
SET state = 'released', identifier = $2, released_by = $3, released_at = $4, revision = revision + 1
WHERE warning_id = $1

-- name: successors
SELECT warning_id FROM warning WHERE replaces = $1 AND state IN ('draft', 'approved') FOR UPDATE

-- name: note
INSERT INTO warning_event (warning_id, at, event, actor, note) VALUES ($1, $2, $3, $4, $5)

-- name: earlier
-- The chain of messages before this one, the latest last.
WITH RECURSIVE chain AS (
    SELECT warning_id, replaces, 0 AS depth FROM warning WHERE warning_id = $1
    UNION ALL
    SELECT w.warning_id, w.replaces, chain.depth + 1 FROM warning AS w JOIN chain ON w.warning_id = chain.replaces
)
SELECT w.identifier, w.released_at
FROM chain JOIN warning AS w USING (warning_id)
WHERE depth > 0 AND w.identifier IS NOT NULL
ORDER BY depth DESC

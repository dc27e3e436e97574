-- name: in_force
SELECT DISTINCT ON (kind, hazard_type) rule_id, kind, hazard_type, revision, body
FROM rule WHERE approved_at IS NOT NULL AND effective_from <= $1
ORDER BY kind, hazard_type, effective_from DESC, revision DESC

-- name: shipped
-- What the program brought last.
SELECT DISTINCT ON (kind, hazard_type) kind, hazard_type, body
FROM rule WHERE proposed_by = 'lifeline' ORDER BY kind, hazard_type, revision DESC

-- name: own
-- Where the newest approved rule is the county's own.
SELECT kind, hazard_type FROM (
    SELECT DISTINCT ON (kind, hazard_type) kind, hazard_type, proposed_by
    FROM rule WHERE approved_at IS NOT NULL ORDER BY kind, hazard_type, effective_from DESC, revision DESC
) AS newest WHERE proposed_by <> 'lifeline'

-- name: add
INSERT INTO rule (kind, hazard_type, revision, body, source, proposed_by, note, proposed_at, approved_by, approved_at,
                  effective_from)
SELECT $1, $2, coalesce(max(revision), 0) + 1, $3, $4, $5, $6, $7, $8,
       CASE WHEN $8::text IS NOT NULL THEN $7::timestamptz END, CASE WHEN $8::text IS NOT NULL THEN $7::timestamptz END
FROM rule WHERE kind = $1 AND hazard_type = $2
RETURNING revision

-- name: revision
SELECT rule_id, kind, hazard_type, revision, body, proposed_by, approved_at, rejected_at
FROM rule WHERE kind = $1 AND hazard_type = $2 AND revision = $3 FOR UPDATE

-- name: approve
UPDATE rule SET approved_by = $2, approved_at = $3, effective_from = $4 WHERE rule_id = $1

-- name: reject
UPDATE rule SET rejected_by = $2, rejected_at = $3 WHERE rule_id = $1

-- name: history
SELECT rule_id, kind, hazard_type, revision, body, source, note, proposed_by, proposed_at, approved_by, approved_at,
       effective_from, rejected_by, rejected_at
FROM rule WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR hazard_type = $2)
ORDER BY kind, hazard_type, revision DESC

-- name: lock
LOCK TABLE rule IN SHARE ROW EXCLUSIVE MODE

-- name: tell
SELECT pg_notify('lifeline', 'rule')

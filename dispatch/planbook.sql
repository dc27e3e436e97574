-- name: lock
LOCK TABLE plan IN SHARE ROW EXCLUSIVE MODE

-- name: latest
SELECT DISTINCT ON (hazard_type) hazard_type, revision, body, approved_at
FROM plan ORDER BY hazard_type, revision DESC

-- name: propose
INSERT INTO plan (hazard_type, revision, body, source, note, proposed_by, proposed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: find
SELECT revision, proposed_by, approved_at, rejected_at FROM plan WHERE hazard_type = $1 AND revision = $2 FOR UPDATE

-- name: newer_in_force
SELECT max(revision) FROM plan WHERE hazard_type = $1 AND revision > $2 AND approved_at IS NOT NULL

-- name: approve
UPDATE plan SET approved_by = $3, approved_at = $4 WHERE hazard_type = $1 AND revision = $2

-- name: reject
UPDATE plan SET rejected_by = $3, rejected_at = $4, rejected_why = $5 WHERE hazard_type = $1 AND revision = $2

-- name: in_force
SELECT DISTINCT ON (hazard_type) plan_id, hazard_type, revision, body
FROM plan WHERE approved_at IS NOT NULL ORDER BY hazard_type, revision DESC

-- name: of_ids
SELECT plan_id, hazard_type, revision, body FROM plan WHERE plan_id = ANY ($1::bigint[])

-- name: history
SELECT hazard_type, revision, source, note, proposed_by, proposed_at, approved_by, approved_at, rejected_by,
       rejected_at, rejected_why
FROM plan WHERE $1::text IS NULL OR hazard_type = $1 ORDER BY hazard_type, revision

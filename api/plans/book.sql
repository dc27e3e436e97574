-- name: page
SELECT plan_id, hazard_type, revision, body, source, note, proposed_by, proposed_at, approved_by, approved_at, rejected_by,
       rejected_at, rejected_why, CASE WHEN approved_at IS NOT NULL THEN 'approved' WHEN rejected_at IS NOT NULL
       THEN 'rejected' ELSE 'proposed' END AS state
FROM plan
WHERE ($1::bigint IS NULL OR plan_id < $1)
  AND ($2::text IS NULL OR hazard_type = $2)
  AND ($3::text IS NULL OR $3 = CASE WHEN approved_at IS NOT NULL THEN 'approved' WHEN rejected_at IS NOT NULL
       THEN 'rejected' ELSE 'proposed' END)
ORDER BY plan_id DESC
LIMIT $4

-- name: of_numbers
SELECT plan_id, hazard_type, revision, body, source, note, proposed_by, proposed_at, approved_by, approved_at, rejected_by,
       rejected_at, rejected_why, CASE WHEN approved_at IS NOT NULL THEN 'approved' WHEN rejected_at IS NOT NULL
       THEN 'rejected' ELSE 'proposed' END AS state
FROM plan
WHERE plan_id = ANY ($1::bigint[]) ORDER BY hazard_type

-- name: one
SELECT plan_id, hazard_type, revision, body, source, note, proposed_by, proposed_at, approved_by, approved_at, rejected_by,
       rejected_at, rejected_why, CASE WHEN approved_at IS NOT NULL THEN 'approved' WHEN rejected_at IS NOT NULL
       THEN 'rejected' ELSE 'proposed' END AS state
FROM plan
WHERE hazard_type = $1 AND revision = $2

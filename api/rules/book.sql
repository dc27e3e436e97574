-- name: page
SELECT rule_id, kind, hazard_type, revision, body, source, note, proposed_by, proposed_at, approved_by, approved_at,
       effective_from, rejected_by, rejected_at,
       CASE WHEN approved_at IS NOT NULL THEN 'approved' WHEN rejected_at IS NOT NULL THEN 'rejected'
            ELSE 'proposed' END AS state
FROM rule
WHERE ($1::bigint IS NULL OR rule_id < $1)
  AND ($2::text IS NULL OR kind = $2)
  AND ($3::text IS NULL OR hazard_type = $3)
  AND ($4::text IS NULL OR $4 = CASE WHEN approved_at IS NOT NULL THEN 'approved'
                                     WHEN rejected_at IS NOT NULL THEN 'rejected' ELSE 'proposed' END)
ORDER BY rule_id DESC
LIMIT $5

-- name: of_numbers
SELECT rule_id, kind, hazard_type, revision, body, source, note, proposed_by, proposed_at, approved_by, approved_at,
       effective_from, rejected_by, rejected_at, 'approved' AS state
FROM rule WHERE rule_id = ANY ($1::bigint[]) ORDER BY kind, hazard_type

-- name: one
SELECT rule_id, kind, hazard_type, revision, body, source, note, proposed_by, proposed_at, approved_by, approved_at,
       effective_from, rejected_by, rejected_at,
       CASE WHEN approved_at IS NOT NULL THEN 'approved' WHEN rejected_at IS NOT NULL THEN 'rejected'
            ELSE 'proposed' END AS state
FROM rule WHERE kind = $1 AND hazard_type = $2 AND revision = $3

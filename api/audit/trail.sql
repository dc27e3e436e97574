-- name: page
SELECT audit_id, at, actor, role, address, request_id, action, subject, before, after
FROM audit
WHERE ($1::bigint IS NULL OR audit_id < $1)
  AND ($2::text IS NULL OR actor = $2)
  AND ($3::text IS NULL OR action = $3)
  AND ($4::text IS NULL OR subject = $4)
  AND ($5::timestamptz IS NULL OR at >= $5)
  AND ($6::timestamptz IS NULL OR at < $6)
ORDER BY audit_id DESC
LIMIT $7

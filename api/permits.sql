-- name: page
SELECT permit.*, task.squad_id
FROM permit JOIN task USING (task_id)
WHERE ($1::bigint IS NULL OR permit_id < $1)
  AND ($2::boolean IS NULL OR (verdict = 'granted' AND ended_at IS NULL) = $2)
  AND ($3::bigint IS NULL OR permit.task_id = $3)
ORDER BY permit_id DESC
LIMIT $4

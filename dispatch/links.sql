-- name: make
-- Links of the same tasks that nobody opened in time are forgotten with it.
WITH forgotten AS (
    DELETE FROM task_link USING unnest($1::bigint[]) AS wanted (task_id)
    WHERE task_link.task_id = wanted.task_id AND opened_at IS NULL AND expires_at <= $4
)
INSERT INTO task_link (task_id, squad_id, key_sha256, made_at, expires_at)
SELECT task_id, squad_id, key, $4, $5
FROM unnest($1::bigint[], $2::text[], $3::bytea[]) AS fresh (task_id, squad_id, key)

-- name: open
-- Again for the device that opened it, whose first answer may have got lost.
UPDATE task_link SET opened_at = coalesce(opened_at, $2), access_sha256 = $3,
       access_expires_at = coalesce(access_expires_at, $4)
WHERE key_sha256 = $1 AND (opened_at IS NULL AND expires_at > $2
                           OR access_sha256 = $3 AND access_expires_at > $2 AND ended_at IS NULL)
RETURNING task_id, squad_id

-- name: of_key
SELECT task_id, squad_id FROM task_link WHERE key_sha256 = $1

-- name: whose
SELECT task_id, squad_id FROM task_link WHERE access_sha256 = $1 AND access_expires_at > $2 AND ended_at IS NULL

-- name: close
UPDATE task_link SET ended_at = $2 WHERE access_sha256 = $1 AND ended_at IS NULL

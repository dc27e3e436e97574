-- name: shown
SELECT * FROM warning
WHERE status = $1 AND released_at > $2
ORDER BY released_at DESC, warning_id DESC
LIMIT $3

-- name: by_identifier
SELECT * FROM warning WHERE identifier = $1 AND released_at IS NOT NULL

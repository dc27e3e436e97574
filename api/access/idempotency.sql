-- name: find
SELECT request_sha256, status, headers, body FROM idempotency WHERE actor = $1 AND key = $2

-- name: answer
UPDATE idempotency SET status = $3, headers = $4, body = $5 WHERE actor = $1 AND key = $2

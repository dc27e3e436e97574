-- name: alive
SELECT name FROM process WHERE ready AND seen_at >= $1

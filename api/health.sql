-- name: processes
SELECT name, started_at, seen_at, ready FROM process ORDER BY name

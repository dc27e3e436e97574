-- name: latest
SELECT DISTINCT ON (kind, hazard_type) kind, hazard_type, revision, body
FROM rule ORDER BY kind, hazard_type, revision DESC

-- name: add
INSERT INTO rule (kind, hazard_type, revision, body, source) VALUES ($1, $2, $3, $4, $5)

-- name: lock
LOCK TABLE rule IN SHARE ROW EXCLUSIVE MODE

-- name: tell
SELECT pg_notify('lifeline', 'rule')

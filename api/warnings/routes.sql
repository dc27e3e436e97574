-- name: page
SELECT * FROM warning
WHERE ($1::bigint IS NULL OR warning_id < $1)
  AND ($2::text[] IS NULL OR state = ANY ($2))
  AND ($3::text IS NULL OR status = $3)
  AND ($4::bigint IS NULL OR incident_id = $4)
ORDER BY warning_id DESC
LIMIT $5

-- name: events
SELECT at, event, actor, note FROM warning_event WHERE warning_id = $1 ORDER BY warning_event_id

-- name: page
SELECT notification_id, kind, channel, recipient, coalesce(notification.incident_id, task.incident_id) AS incident_id,
       task_id, grade, coalesce(body #>> '{text,zh}', body #>> '{title,zh}', '') AS text_zh,
       coalesce(body #>> '{text,en}', body #>> '{title,en}', '') AS text_en, standing.state, notification.created_at, sent_at,
       received_at, received_by, error
FROM notification LEFT JOIN task USING (task_id)
CROSS JOIN LATERAL (SELECT CASE WHEN dead_at IS NOT NULL THEN 'dead' WHEN received_at IS NOT NULL THEN 'received'
                           WHEN sent_at IS NOT NULL THEN 'sent' ELSE 'waiting' END AS state) AS standing
WHERE ($1::bigint IS NULL OR notification_id < $1) AND ($2::text IS NULL OR standing.state = $2)
  AND ($3::bigint IS NULL OR coalesce(notification.incident_id, task.incident_id) = $3)
ORDER BY notification_id DESC LIMIT $4

-- name: one
SELECT notification_id, kind, channel, recipient, coalesce(notification.incident_id, task.incident_id) AS incident_id,
       task_id, grade, coalesce(body #>> '{text,zh}', body #>> '{title,zh}', '') AS text_zh,
       coalesce(body #>> '{text,en}', body #>> '{title,en}', '') AS text_en,
       CASE WHEN dead_at IS NOT NULL THEN 'dead' WHEN received_at IS NOT NULL THEN 'received'
            WHEN sent_at IS NOT NULL THEN 'sent' ELSE 'waiting' END AS state,
       notification.created_at, sent_at, received_at, received_by, error
FROM notification LEFT JOIN task USING (task_id) WHERE notification_id = $1

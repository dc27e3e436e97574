-- name: lease
-- Not waited for until it is on disk: were it lost with the server, the same would be sent again under the same key.
UPDATE notification SET attempts = attempts + 1, next_attempt_at = $2
WHERE notification_id IN (
    SELECT notification_id FROM notification WHERE next_attempt_at <= $1 AND channel = 'mqtt'
    ORDER BY next_attempt_at, notification_id LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING notification_id, key, kind, task_id, recipient, grade, body, attempts, sent_at,
          set_config('synchronous_commit', 'off', true)

-- name: settle
-- A row that has nothing more to send got its receipt, or lost its task, while it was being sent.
UPDATE notification SET sent_at = CASE WHEN outcome.sent THEN $2 ELSE sent_at END,
       next_attempt_at = CASE WHEN next_attempt_at IS NULL THEN NULL ELSE outcome.next END, error = outcome.error,
       dead_at = CASE WHEN next_attempt_at IS NOT NULL AND outcome.next IS NULL THEN $2 END
FROM jsonb_to_recordset($1) AS outcome (notification_id bigint, sent boolean, next timestamptz, error text)
WHERE notification.notification_id = outcome.notification_id

-- name: take_turn
SELECT pg_advisory_xact_lock($1)

-- name: due
-- What is real comes first, and apart: a message carries one world alone. While an exercise is paused its messages wait.
SELECT channel, recipient, exercise_id, coalesce(most, 6) AS most, coalesce(window_s, 600) AS window_s,
       coalesce(quiet, '{}') AS quiet, coalesce(language, 'zh') AS language
FROM (SELECT channel, recipient, exercise_id, min(notification.grade) AS grade FROM notification
      WHERE next_attempt_at <= $1 AND channel <> 'mqtt'
        AND exercise_id IN (SELECT exercise_id FROM exercise WHERE status = 'running')
      GROUP BY channel, recipient, exercise_id) AS waiting
LEFT JOIN contact ON contact_id = recipient
ORDER BY exercise_id <> 0, grade, channel, recipient LIMIT $2

-- name: pending
SELECT notification_id, grade, body, attempts FROM notification
WHERE channel = $1 AND recipient = $2 AND next_attempt_at <= $3 AND exercise_id = $4
ORDER BY notification_id FOR UPDATE

-- name: sent_since
-- What its channel didn't take reached nobody and takes no place, so that a first red is tried again at once; a drill
-- takes no place in the window of what is real.
SELECT bundle, max(attempted_at) AS at FROM notification
WHERE channel = $1 AND recipient = $2 AND attempted_at > $3 AND error = '' AND exercise_id = $4 GROUP BY bundle

-- name: lease
UPDATE notification SET attempts = attempts + 1, attempted_at = $2, next_attempt_at = $3, bundle = $4, error = ''
WHERE notification_id = ANY ($1::bigint[])

-- name: hold
UPDATE notification SET next_attempt_at = held.until
FROM jsonb_to_recordset($1) AS held (notification_id bigint, until timestamptz)
WHERE notification.notification_id = held.notification_id

-- name: settle
-- A row that has nothing more to send was overtaken while it was being sent.
UPDATE notification SET sent_at = CASE WHEN sent THEN $2 ELSE sent_at END, error = outcome.error,
       next_attempt_at = CASE WHEN next_attempt_at IS NOT NULL THEN outcome.next END,
       dead_at = CASE WHEN dead AND next_attempt_at IS NOT NULL THEN $2 END
FROM jsonb_to_recordset($1) AS outcome (id bigint, sent boolean, error text, next timestamptz, dead boolean)
WHERE notification_id = outcome.id

-- name: acknowledge
UPDATE notification SET received_at = coalesce(received_at, $3), received_by = coalesce(received_by, $2)
WHERE notification_id = $1 RETURNING notification_id

-- name: revive
UPDATE notification SET dead_at = NULL, attempts = 0, next_attempt_at = $2
WHERE notification_id = $1 AND dead_at IS NOT NULL RETURNING notification_id

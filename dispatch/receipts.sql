-- name: receive
WITH known AS (
    SELECT notification_id, received_at FROM notification
    WHERE key = $1 AND recipient = $2 AND channel = 'mqtt' FOR UPDATE
), received AS (
    UPDATE notification SET received_at = coalesce(notification.received_at, $3), next_attempt_at = NULL,
           received_by = 'squad:' || recipient
    FROM known WHERE notification.notification_id = known.notification_id
)
SELECT received_at IS NOT NULL FROM known

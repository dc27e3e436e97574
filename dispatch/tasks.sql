-- name: lock
SELECT task_id, incident_id, squad_id, status, created_at, updated_at,
       NOT EXISTS (SELECT FROM notification WHERE notification.task_id = task.task_id AND received_at IS NULL)
           AS received
FROM task WHERE task_id = ANY ($1::bigint[]) ORDER BY task_id FOR NO KEY UPDATE

-- name: move
-- Whatever is reported about a task, its order needs no more sending.
WITH move AS (
    SELECT * FROM jsonb_to_recordset($1) AS move (task_id bigint, status text, received boolean)
), told AS (
    UPDATE notification SET next_attempt_at = NULL,
           received_at = CASE WHEN move.received THEN coalesce(received_at, $3) ELSE received_at END
    FROM move
    WHERE notification.task_id = move.task_id
      AND (next_attempt_at IS NOT NULL OR move.received AND received_at IS NULL)
), logged AS (
    INSERT INTO task_event (task_id, at, event, actor, note)
    SELECT task_id, at, event, actor, note
    FROM ROWS FROM (jsonb_to_recordset($2) AS (task_id bigint, at timestamptz, event text, actor text, note text))
         WITH ORDINALITY AS entry (task_id, at, event, actor, note, place)
    ORDER BY place
)
UPDATE task SET status = move.status, updated_at = $3 FROM move
WHERE task.task_id = move.task_id AND task.status <> move.status

-- name: tell
SELECT pg_notify('lifeline', 'task')

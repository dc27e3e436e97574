-- name: lock
SELECT task_id, incident_id, squad_id, status, created_at, updated_at, lead, confined_space, limits, clock_at,
       check_in_at,
       NOT EXISTS (SELECT FROM notification
                   WHERE notification.task_id = task.task_id AND kind = 'order' AND received_at IS NULL) AS received
FROM task WHERE task_id = ANY ($1::bigint[]) ORDER BY task_id FOR NO KEY UPDATE

-- name: move
-- Whatever is reported about a task, its order needs no more sending. Once confirmed, nobody is waited for any longer, and
-- what people have not been told yet of the wait, with this squad or those asked before, is not told any more.
WITH move AS (
    SELECT * FROM jsonb_to_recordset($1) AS move (task_id bigint, status text, received boolean, clock_at timestamptz,
        check_in_at timestamptz, ended_for text)
), told AS (
    UPDATE notification SET next_attempt_at = NULL,
           received_at = CASE WHEN move.received THEN coalesce(received_at, $3) ELSE received_at END
    FROM move
    WHERE notification.task_id = move.task_id AND kind IN ('order', 'reminder')
      AND (next_attempt_at IS NOT NULL OR move.received AND received_at IS NULL)
), overtaken AS (
    UPDATE notification SET next_attempt_at = NULL, error = 'not needed any more: the squad has answered'
    FROM move JOIN task AS moved USING (task_id) JOIN task AS asked USING (incident_id, role)
    WHERE move.status IN ('accepted', 'en_route', 'on_scene', 'working', 'done')
      AND notification.task_id = asked.task_id AND notification.kind = 'overdue' AND next_attempt_at IS NOT NULL
), logged AS (
    INSERT INTO task_event (task_id, at, event, actor, note)
    SELECT task_id, at, event, actor, note
    FROM ROWS FROM (jsonb_to_recordset($2) AS (task_id bigint, at timestamptz, event text, actor text, note text))
         WITH ORDINALITY AS entry (task_id, at, event, actor, note, place)
    ORDER BY place
)
UPDATE task SET status = move.status, clock_at = move.clock_at, check_in_at = move.check_in_at,
       updated_at = CASE WHEN task.status <> move.status THEN $3 ELSE updated_at END,
       ended_for = coalesce(move.ended_for, task.ended_for),
       unconfirmed_since = CASE WHEN move.status IN ('ordered', 'refused', 'cancelled') THEN unconfirmed_since END
FROM move
WHERE task.task_id = move.task_id
  AND (task.status <> move.status OR task.check_in_at IS DISTINCT FROM move.check_in_at)

-- name: lapse
-- The leading squad is done: roles that nobody could be found for are not looked for any longer.
WITH lapsed AS (
    UPDATE task SET status = 'cancelled', ended_for = 'not_needed', clock_at = NULL, updated_at = $2
    WHERE incident_id = ANY ($1::bigint[]) AND status = 'unassigned' RETURNING task_id
)
INSERT INTO task_event (task_id, at, event, actor, note)
SELECT task_id, $2, 'cancelled', 'dispatcher', '主责队伍已完成 / the leading squad is done' FROM lapsed ORDER BY task_id

-- name: nobody_out
-- Of these incidents, those for which no squad is out any more, and whether the one that leads has done its work.
SELECT incident_id, EXISTS (
           SELECT FROM task WHERE task.incident_id = incident.incident_id AND lead AND status IN ('done', 'checked')
           AND task_id > coalesce(after_task, 0)) AS led
FROM incident LEFT JOIN response USING (incident_id)
WHERE incident_id = ANY ($1::bigint[])
  AND NOT EXISTS (SELECT FROM task WHERE task.incident_id = incident.incident_id AND open AND squad_id IS NOT NULL)

-- name: tell
SELECT pg_notify('lifeline', 'task')

-- name: lock
SELECT task_id, incident_id, squad_id, status, created_at, updated_at, lead, confined_space, limits, clock_at,
       check_in_at,
       NOT EXISTS (SELECT FROM notification
                   WHERE notification.task_id = task.task_id AND kind = 'order' AND received_at IS NULL) AS received
FROM task WHERE task_id = ANY ($1::bigint[]) ORDER BY task_id FOR NO KEY UPDATE

-- name: move
-- Whatever is reported about a task, its order needs no more sending. Once confirmed, nobody is waited for any longer.
WITH move AS (
    SELECT * FROM jsonb_to_recordset($1) AS move (task_id bigint, status text, received boolean, clock_at timestamptz,
        check_in_at timestamptz, ended_for text)
), told AS (
    UPDATE notification SET next_attempt_at = NULL,
           received_at = CASE WHEN move.received THEN coalesce(received_at, $3) ELSE received_at END
    FROM move
    WHERE notification.task_id = move.task_id AND kind IN ('order', 'reminder')
      AND (next_attempt_at IS NOT NULL OR move.received AND received_at IS NULL)
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
SELECT task_id, $2, 'cancelled', 'dispatcher', 'the leading squad is done' FROM lapsed ORDER BY task_id

-- name: check_hazards
-- Found harmless on site: frees the latches of the incident's hazards.
WITH checked AS (
    UPDATE hazard SET checked_at = done.at
    FROM jsonb_to_recordset($1) AS done (task_id bigint, incident_id bigint, at timestamptz, actor text, note text)
    WHERE hazard.incident_id = done.incident_id AND cleared_at IS NULL AND checked_at IS NULL
    RETURNING hazard_id, grade, done.*
)
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, at, 'checked', grade, concat_ws('：', '任务' || task_id || '已完成，现场核查完毕', nullif(note, '')),
       concat_ws(': ', 'task ' || task_id || ' done, checked on site', nullif(note, '')), actor
FROM checked ORDER BY hazard_id

-- name: follow
-- One entry for each stage passed, in order; the last one stays. An incident is handled once, however many squads set
-- out; when the last of them has ended, it is fed back if the one that leads has done its work, and else filed again.
WITH entry AS (
    SELECT given.*, passed.event FROM ROWS FROM (jsonb_to_recordset($1) AS
        (incident_id bigint, task_id bigint, squad_id text, at timestamptz, event text, actor text, note text))
        WITH ORDINALITY AS given (incident_id, task_id, squad_id, at, reported, actor, note, place)
    JOIN incident USING (incident_id)
    CROSS JOIN LATERAL (SELECT CASE
        WHEN reported = 'handling' THEN reported
        WHEN EXISTS (SELECT FROM task LEFT JOIN response USING (incident_id)
                     WHERE task.incident_id = given.incident_id AND lead AND status IN ('done', 'checked')
                       AND task_id > coalesce(after_task, 0)) THEN 'fed_back'
        ELSE 'filed' END AS event) AS passed
    WHERE closed_at IS NULL AND stage <> passed.event
      AND (reported = 'handling' OR NOT EXISTS (
          SELECT FROM task WHERE task.incident_id = given.incident_id AND open AND squad_id IS NOT NULL))
), logged AS (
    INSERT INTO incident_event (incident_id, at, event, actor, detail)
    SELECT incident_id, at, event, actor,
           jsonb_build_object('task_id', task_id, 'squad_id', squad_id, 'note', note)
    FROM entry ORDER BY place
)
UPDATE incident SET stage = last.event
FROM (SELECT DISTINCT ON (incident_id) incident_id, event FROM entry ORDER BY incident_id, place DESC) AS last
WHERE incident.incident_id = last.incident_id AND closed_at IS NULL

-- name: tell
SELECT pg_notify('lifeline', subject) FROM unnest($1::text[]) AS subject

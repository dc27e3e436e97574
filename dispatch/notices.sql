-- name: tell_squads
INSERT INTO notification (key, kind, task_id, incident_id, channel, recipient, grade, body, next_attempt_at, created_at)
SELECT key, notice.kind, task_id, incident_id, 'mqtt', recipient, least(incident.grade, notice.grade),
       jsonb_build_object('key', key, 'kind', notice.kind, 'task_id', task_id, 'incident_id', incident_id,
                          'text', coalesce(marked, text), 'told_at', $2::timestamptz)
           || CASE WHEN marked IS NULL THEN '{}' ELSE jsonb_build_object('exercise_id', exercise_id) END,
       $2, $2
FROM jsonb_to_recordset($1) AS notice (key text, kind text, recipient text, task_id bigint, incident_id bigint,
     text jsonb, grade smallint)
LEFT JOIN incident USING (incident_id)
CROSS JOIN LATERAL (SELECT CASE WHEN exercise_id <> 0 THEN jsonb_build_object(
    'zh', '【演练】' || replace(text ->> 'zh', '【演练】', ''), 'en', 'DRILL ' || replace(text ->> 'en', 'DRILL ', ''))
    END AS marked) AS exercise
-- An order that never left needs no calling off.
WHERE notice.kind <> 'cancelled' OR EXISTS (
    SELECT FROM notification AS sent WHERE sent.key = 'order-' || notice.task_id AND attempts > 0)
ON CONFLICT (key) DO NOTHING

-- name: tell_people
-- Who has duty by the rota comes before the others of the same function; who is on leave is stood in for. Of an exercise
-- only those are told who are enrolled in it, marked and on the channels that they are enrolled with; when nobody is, it
-- stays on the console under the function.
WITH notice AS (
    SELECT key, notice.kind, recipient, task_id, incident_id, text, coalesce(incident.grid_id, notice.grid_id) AS grid_id,
           coalesce(incident.kind, notice.asset) AS asset, least(incident.grade, notice.grade) AS worst,
           coalesce(exercise_id, 0) AS exercise_id
    FROM jsonb_to_recordset($1) AS notice (key text, kind text, recipient text, task_id bigint, incident_id bigint,
         text jsonb, grade smallint, grid_id text, asset text)
    LEFT JOIN incident USING (incident_id)
), present AS (
    SELECT contact.contact_id, contact.person, contact.grid_id, contact.unit,
           coalesce(leave.substitute, contact.contact_id) AS answers, leave.shift_id IS NOT NULL AS away,
           EXISTS (SELECT FROM shift WHERE shift.contact_id = contact.contact_id AND kind = 'duty'
                   AND starts_at <= $2 AND ends_at > $2) AS on_duty
    FROM contact
    LEFT JOIN shift AS leave ON leave.contact_id = contact.contact_id AND leave.kind = 'leave'
         AND leave.starts_at <= $2 AND leave.ends_at > $2
), suited AS (
    SELECT key, exercise_id, answers, on_duty, bool_or(on_duty) OVER (PARTITION BY key) AS any_on_duty
    FROM notice JOIN present ON person = recipient AND (NOT away OR answers <> contact_id) AND CASE person
        WHEN 'grid_person' THEN present.grid_id = notice.grid_id
        WHEN 'owner_unit' THEN EXISTS (SELECT FROM grid_owner WHERE grid_owner.grid_id = notice.grid_id
                                       AND grid_owner.kind = asset AND grid_owner.unit = present.unit)
        ELSE true END
    WHERE exercise_id = 0 OR EXISTS (
        SELECT FROM exercise_contact AS enrolled
        WHERE enrolled.exercise_id = notice.exercise_id AND enrolled.contact_id = answers)
), told AS (
    SELECT DISTINCT suited.key, answers AS contact_id, coalesce(enrolled.channels, contact.channels) AS channels
    FROM suited JOIN contact ON contact_id = answers
    LEFT JOIN exercise_contact AS enrolled ON (enrolled.exercise_id, enrolled.contact_id) = (suited.exercise_id, answers)
    WHERE on_duty OR NOT any_on_duty
)
INSERT INTO notification (key, kind, task_id, incident_id, channel, recipient, grade, body, next_attempt_at, sent_at,
                          created_at)
SELECT concat_ws(':', notice.key, told.contact_id, channel), notice.kind, task_id, incident_id, channel,
       coalesce(told.contact_id, notice.recipient), worst, jsonb_build_object('text', CASE WHEN exercise_id = 0 THEN text ELSE jsonb_build_object(
           'zh', '【演练】' || replace(text ->> 'zh', '【演练】', ''),
           'en', 'DRILL ' || replace(text ->> 'en', 'DRILL ', '')) END),
       CASE WHEN channel <> 'console' THEN $2::timestamptz END, CASE WHEN channel = 'console' THEN $2::timestamptz END, $2
FROM notice LEFT JOIN told USING (key)
CROSS JOIN LATERAL unnest(coalesce(told.channels, '{console}')) AS channel
ON CONFLICT (key) DO NOTHING

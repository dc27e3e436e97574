-- name: take_turn
-- Who joins hazards to incidents, merges, splits or reports does it one after the other.
SELECT pg_advisory_xact_lock($1)

-- name: unplaced
-- Hazards that were ever yellow or worse, have no incident and are not silenced; work on sensors is no emergency. Where $2
-- says that they were just raised or grew graver, silences come first: of those that cover one the longest counts.
WITH covered AS (
    UPDATE hazard SET silence_id = longest.silence_id
    FROM (
        SELECT DISTINCT ON (hazard_id) hazard_id, silence.silence_id, reason, created_by
        FROM hazard JOIN sensor USING (sensor_id) JOIN silence
             ON hazard.graded_at >= silence.starts_at AND hazard.graded_at < silence.ends_at
             AND (silence.sensor_id IS NULL OR silence.sensor_id = sensor.sensor_id)
             AND (silence.grid_id IS NULL OR silence.grid_id = sensor.grid_id)
             AND (silence.kind IS NULL OR silence.kind = sensor.kind)
             AND (silence.hazard_type IS NULL OR silence.hazard_type = hazard.hazard_type)
             AND (silence.work_order_id IS NULL OR EXISTS (
                  SELECT FROM work_order_item AS item JOIN hazard AS listed USING (hazard_id)
                  WHERE item.work_order_id = silence.work_order_id AND listed.sensor_id = sensor.sensor_id))
        WHERE $2 AND hazard_id = ANY ($1::bigint[]) AND sensor.exercise_id = 0 AND hazard.silence_id IS NULL
              AND (cleared_at IS NULL OR (incident_id IS NULL AND peak_grade <= 3)) -- or it would still get an incident
        ORDER BY hazard_id, silence.ends_at DESC, silence.silence_id
    ) AS longest
    WHERE hazard.hazard_id = longest.hazard_id
    RETURNING hazard.hazard_id, graded_at, grade, longest.silence_id, longest.reason, longest.created_by
), said AS (
    INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
    SELECT hazard_id, graded_at, 'silenced', grade, '静默 ' || silence_id || '：' || reason,
           'silence ' || silence_id || ': ' || reason, created_by
    FROM covered
)
SELECT hazard_id, hazard.hazard_type, rule.body ->> 'skill' AS skill, grade, graded_at, longitude, latitude,
       attributes ->> 'chamber' AS chamber, sensor.exercise_id
FROM hazard JOIN rule USING (rule_id) JOIN sensor USING (sensor_id)
WHERE hazard_id = ANY ($1::bigint[]) AND incident_id IS NULL AND peak_grade <= 3 AND silence_id IS NULL
  AND hazard_id NOT IN (SELECT hazard_id FROM covered)
  AND NOT coalesce((rule.body ->> 'maintenance')::boolean, false)

-- name: joinable
-- Open incidents within reach, and those of the chambers; what was verified takes in nothing new. How many of a family are
-- open elsewhere is counted as far as it matters, in a row of its own. As jsonb, of whose length the planner makes the
-- same guess each time, so that it plans once and not for every hazard.
WITH reach AS (
    SELECT * FROM jsonb_to_recordset($1) AS reach (exercise_id integer, family text, since timestamptz,
         until timestamptz, west float8, east float8, south float8, north float8, incidents integer)
)
SELECT near.* FROM reach CROSS JOIN LATERAL (
    SELECT incident_id, incident.family, skill, active_at, longitude, latitude, chamber, incident.exercise_id, 0 AS elsewhere
    FROM incident
    WHERE closed_at IS NULL AND stage <> 'verified' AND incident.family = reach.family
      AND incident.exercise_id = reach.exercise_id AND active_at BETWEEN since AND until
      AND latitude BETWEEN south AND north AND longitude BETWEEN west AND east
) AS near
UNION
SELECT incident_id, family, skill, active_at, longitude, latitude, chamber, exercise_id, 0
FROM incident WHERE chamber = ANY ($2::text[]) AND closed_at IS NULL AND stage <> 'verified'
UNION ALL
SELECT NULL, reach.family, NULL, NULL, NULL, NULL, NULL, reach.exercise_id, counted.elsewhere
FROM reach CROSS JOIN LATERAL (
    SELECT count(*)::integer AS elsewhere FROM (
        SELECT FROM incident
        WHERE closed_at IS NULL AND stage <> 'verified' AND incident.family = reach.family
          AND incident.exercise_id = reach.exercise_id AND active_at BETWEEN since AND until AND latitude IS NOT NULL
          AND NOT (latitude BETWEEN south AND north AND longitude BETWEEN west AND east)
          AND (chamber IS NULL OR chamber <> ALL ($2::text[])) -- those are counted above
        LIMIT reach.incidents) AS far
) AS counted

-- name: take
-- Those that are still there to be joined.
UPDATE incident SET active_at = greatest(active_at, joined.at)
FROM unnest($1::bigint[], $2::timestamptz[]) AS joined (incident_id, at)
WHERE incident.incident_id = joined.incident_id AND closed_at IS NULL AND stage <> 'verified'
RETURNING incident.incident_id

-- name: open
-- Each of $1 begins with one hazard, whose place and name it takes; $2 are the hazards and with which one each belongs.
WITH first AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('public.incident', 'incident_id')) AS incident_id, first.*
    FROM jsonb_to_recordset($1) AS first (hazard_id bigint, family text, at timestamptz)
), opened AS (
    INSERT INTO incident (incident_id, kind, hazard_type, grade, peak_grade, skill, title_zh, title_en, grid_id,
                          longitude, latitude, opened_at, family, chamber, active_at, exercise_id)
    OVERRIDING SYSTEM VALUE
    SELECT first.incident_id, rule.kind, hazard.hazard_type, grade, hazard.peak_grade, body ->> 'skill',
           CASE sensor.exercise_id WHEN 0 THEN '' ELSE '【演练】' END
               || coalesce(nullif(name_zh, ''), code) || ' ' || (body #>> '{title,zh}'),
           CASE sensor.exercise_id WHEN 0 THEN '' ELSE 'DRILL ' END
               || coalesce(nullif(name_en, ''), code) || ': ' || (body #>> '{title,en}'),
           grid_id, longitude, latitude, graded_at, first.family, attributes ->> 'chamber', first.at,
           sensor.exercise_id
    FROM first JOIN hazard USING (hazard_id) JOIN rule USING (rule_id) JOIN sensor USING (sensor_id)
), logged AS (
    INSERT INTO incident_event (incident_id, at, event, actor, detail)
    SELECT first.incident_id, graded_at, 'opened', $3,
           jsonb_build_object('hazard_id', hazard_id, 'grade', grade, 'reason_zh', reason_zh, 'reason_en', reason_en)
    FROM first JOIN hazard USING (hazard_id)
), attached AS (
    UPDATE hazard SET incident_id = first.incident_id
    FROM jsonb_to_recordset($2) AS member (hazard_id bigint, first_id bigint) JOIN first ON first.hazard_id = first_id
    WHERE hazard.hazard_id = member.hazard_id
)
SELECT hazard_id, incident_id FROM first

-- name: attach
UPDATE hazard SET incident_id = placed.incident_id FROM unnest($1::bigint[], $2::bigint[]) AS placed (hazard_id, incident_id)
WHERE hazard.hazard_id = placed.hazard_id

-- name: record
INSERT INTO incident_event (incident_id, at, event, actor, detail)
SELECT incident_id, at, event, actor, detail
FROM ROWS FROM (jsonb_to_recordset($1) AS
    (incident_id bigint, at timestamptz, event text, actor text, detail jsonb))
    WITH ORDINALITY AS entry (incident_id, at, event, actor, detail, place)
ORDER BY place

-- name: regrade
-- As grave as the worst open hazard, or as a person reported it; with neither it stays as it was.
WITH touched AS (
    SELECT incident_id, max(graded_at) AS at FROM hazard
    WHERE hazard_id = ANY ($1::bigint[]) AND incident_id IS NOT NULL GROUP BY incident_id
), worst AS (
    SELECT incident_id, at, least(reported_grade, gravest.grade) AS grade
    FROM touched JOIN incident USING (incident_id)
    LEFT JOIN LATERAL (SELECT hazard.grade FROM hazard
                       WHERE hazard.incident_id = incident.incident_id AND cleared_at IS NULL
                       ORDER BY hazard.grade LIMIT 1) AS gravest ON true
    WHERE closed_at IS NULL
), moved AS (
    UPDATE incident SET grade = worst.grade,
           active_at = CASE WHEN worst.grade < incident.grade THEN greatest(active_at, worst.at) ELSE active_at END
    FROM worst WHERE incident.incident_id = worst.incident_id AND incident.grade <> worst.grade
    RETURNING incident.incident_id, incident.grade, worst.at
)
INSERT INTO incident_event (incident_id, at, event, actor, detail)
SELECT incident_id, at, 'regraded', $2, jsonb_build_object('grade', grade) FROM moved ORDER BY incident_id

-- name: tell
SELECT pg_notify('lifeline', 'incident')

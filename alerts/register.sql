-- name: acknowledge
-- The first acknowledgement stays.
WITH acknowledged AS (
    UPDATE hazard SET acknowledged_at = $2, acknowledged_by = $3
    WHERE hazard_id = $1 AND acknowledged_at IS NULL
    RETURNING hazard_id, CASE WHEN cleared_at IS NULL THEN grade END AS grade
)
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, $2, 'acknowledged', grade, $4, $4, $3 FROM acknowledged

-- name: comment
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, $2, 'commented', CASE WHEN cleared_at IS NULL THEN grade END, $4, $4, $3
FROM hazard WHERE hazard_id = $1

-- name: call_false_alarm
-- It counts as checked, so that the engine may clear a latched one; the first such finding stays.
WITH called AS (
    UPDATE hazard SET false_alarm_at = $2, false_alarm_by = $3,
           checked_at = CASE WHEN cleared_at IS NULL THEN coalesce(checked_at, $2) ELSE checked_at END
    WHERE hazard_id = $1 AND false_alarm_at IS NULL
    RETURNING hazard_id, CASE WHEN cleared_at IS NULL THEN grade END AS grade
)
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, $2, 'false_alarm', grade, $4, $4, $3 FROM called

-- name: dismiss
-- A person says that it is over; the first time counts, and the engine clears it.
WITH dismissed AS (
    UPDATE hazard SET dismissed_at = $2, dismissed_by = $3
    WHERE hazard_id = $1 AND cleared_at IS NULL AND dismissed_at IS NULL RETURNING hazard_id, grade
)
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, $2, 'dismissed', grade, $4, $4, $3 FROM dismissed

-- name: check_hazard
-- Found harmless on site: frees the latch of an open hazard.
WITH checked AS (
    UPDATE hazard SET checked_at = $2
    WHERE hazard_id = $1 AND cleared_at IS NULL AND checked_at IS NULL RETURNING hazard_id, grade
)
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, $2, 'checked', grade, $4, $4, $3 FROM checked

-- name: check_incidents
WITH checked AS (
    UPDATE hazard SET checked_at = given.at
    FROM jsonb_to_recordset($1) AS given (incident_id bigint, at timestamptz, actor text, reason_zh text,
                                          reason_en text)
    WHERE hazard.incident_id = given.incident_id AND cleared_at IS NULL AND checked_at IS NULL
    RETURNING hazard_id, grade, given.*
)
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, at, 'checked', grade, reason_zh, reason_en, actor FROM checked ORDER BY hazard_id

-- name: exists
SELECT EXISTS (SELECT FROM hazard WHERE hazard_id = $1)

-- name: tell
SELECT pg_notify('lifeline', 'hazard')

-- name: open_now
-- Open hazards counted in five ways at once; each row belongs to one of them.
SELECT CASE WHEN GROUPING(grade) = 0 THEN 'grade' WHEN GROUPING(hazard_type) = 0 THEN 'hazard_type'
            WHEN GROUPING(grid_id) = 0 THEN 'grid_id' WHEN GROUPING(owner_unit) = 0 THEN 'owner_unit'
            ELSE 'age' END AS view,
       coalesce(grade::text, hazard_type, grid_id, owner_unit, age, '') AS name,
       count(*) AS open, count(*) FILTER (WHERE acknowledged_at IS NULL) AS unacknowledged,
       min(raised_at) AS oldest_at, min(grade_of) AS worst_grade
FROM (SELECT grade, grade AS grade_of, hazard_type, grid_id, owner_unit, acknowledged_at, raised_at,
             CASE WHEN raised_at > $1::timestamptz - interval '1 hour' THEN 'up to 1 h'
                  WHEN raised_at > $1::timestamptz - interval '6 hours' THEN 'up to 6 h'
                  WHEN raised_at > $1::timestamptz - interval '1 day' THEN 'up to 1 d'
                  WHEN raised_at > $1::timestamptz - interval '7 days' THEN 'up to 7 d'
                  ELSE 'over 7 d' END AS age
      FROM hazard JOIN sensor USING (sensor_id) WHERE cleared_at IS NULL) AS standing
GROUP BY GROUPING SETS ((grade), (hazard_type), (grid_id), (owner_unit), (age))
ORDER BY view, worst_grade, open DESC, name

-- name: recurrence
-- Sensors that raised the same hazard again and again, the most often first; false alarms counted apart.
SELECT code AS sensor, hazard_type, count(*) AS raised, count(false_alarm_at) AS false_alarms,
       min(peak_grade) AS worst_grade, max(raised_at) AS latest_at,
       sum(least(coalesce(cleared_at, $2::timestamptz), $2::timestamptz) - raised_at) AS open_for
FROM hazard JOIN sensor USING (sensor_id)
WHERE raised_at >= $1 AND raised_at < $2
GROUP BY code, hazard_type HAVING count(*) > 1
ORDER BY raised DESC, code, hazard_type LIMIT $3

-- name: trend
-- By local day: what was raised, by the gravest grade that it reached, and what cleared; quiet days are there too.
WITH happened AS (
    SELECT (raised_at AT TIME ZONE 'Asia/Shanghai')::date AS day, true AS raised, peak_grade, false_alarm_at, hazard_type
    FROM hazard WHERE raised_at >= $1::date::timestamp AT TIME ZONE 'Asia/Shanghai'
                  AND raised_at < ($2::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
    UNION ALL
    SELECT (cleared_at AT TIME ZONE 'Asia/Shanghai')::date, false, NULL, NULL, hazard_type
    FROM hazard WHERE cleared_at >= $1::date::timestamp AT TIME ZONE 'Asia/Shanghai'
                  AND cleared_at < ($2::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
)
SELECT local::date AS day, count(*) FILTER (WHERE raised) AS raised,
       count(*) FILTER (WHERE peak_grade = 1) AS red, count(*) FILTER (WHERE peak_grade = 2) AS orange,
       count(*) FILTER (WHERE peak_grade = 3) AS yellow, count(*) FILTER (WHERE peak_grade = 4) AS blue,
       count(false_alarm_at) AS false_alarms, count(*) FILTER (WHERE NOT raised) AS cleared
FROM generate_series($1::date::timestamp, $2::date::timestamp, interval '1 day') AS local
LEFT JOIN happened ON day = local::date AND ($3::text IS NULL OR hazard_type = $3)
GROUP BY local ORDER BY local

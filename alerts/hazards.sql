-- Each query takes one jsonb array of findings, at most one per (sensor, hazard type).

-- name: raise_hazards
INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en, raised_at,
                    graded_at)
SELECT sensor_id, hazard_type, rule_id, grade, grade, latched, reason_zh, reason_en, at, at
FROM jsonb_to_recordset($1) AS finding (sensor_id integer, hazard_type text, rule_id bigint, grade smallint,
     latched boolean, reason_zh text, reason_en text, at timestamptz)
RETURNING hazard_id, sensor_id, hazard_type

-- name: regrade_hazards
-- A hazard that grows graver needs a new check on site, whatever was found before.
UPDATE hazard SET grade = finding.grade, peak_grade = least(peak_grade, finding.grade), latched = finding.latched,
       checked_at = CASE WHEN finding.grade < hazard.grade THEN NULL ELSE checked_at END,
       reason_zh = finding.reason_zh, reason_en = finding.reason_en, graded_at = finding.at, rule_id = finding.rule_id
FROM jsonb_to_recordset($1) AS finding (sensor_id integer, hazard_type text, rule_id bigint, grade smallint,
     latched boolean, reason_zh text, reason_en text, at timestamptz)
WHERE hazard.sensor_id = finding.sensor_id AND hazard.hazard_type = finding.hazard_type AND cleared_at IS NULL
RETURNING hazard.hazard_id, hazard.sensor_id, hazard.hazard_type

-- name: latch_hazards
-- Whatever was found on site before, the next reading was out of range: a new check is needed.
UPDATE hazard SET latched = true, checked_at = NULL
FROM jsonb_to_recordset($1) AS finding (sensor_id integer, hazard_type text)
WHERE hazard.sensor_id = finding.sensor_id AND hazard.hazard_type = finding.hazard_type AND cleared_at IS NULL
RETURNING hazard.hazard_id, hazard.sensor_id, hazard.hazard_type

-- name: clear_hazards
UPDATE hazard SET cleared_at = finding.at, reason_zh = finding.reason_zh, reason_en = finding.reason_en,
       graded_at = finding.at
FROM jsonb_to_recordset($1) AS finding (sensor_id integer, hazard_type text, reason_zh text, reason_en text,
     at timestamptz)
WHERE hazard.sensor_id = finding.sensor_id AND hazard.hazard_type = finding.hazard_type AND cleared_at IS NULL
RETURNING hazard.hazard_id, hazard.sensor_id, hazard.hazard_type

-- name: record
-- What is changed is one of the queries above, and $2 its events: each finding has one or two. Whoever follows
-- incidents is woken once all is committed.
WITH changed AS (
    {change}
), recorded AS (
    INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
    SELECT hazard_id, at, event, grade, reason_zh, reason_en, 'engine'
    FROM ROWS FROM (jsonb_to_recordset($2) AS (sensor_id integer, hazard_type text, at timestamptz, event text,
             grade smallint, reason_zh text, reason_en text))
         WITH ORDINALITY AS entry (sensor_id, hazard_type, at, event, grade, reason_zh, reason_en, place)
    JOIN changed USING (sensor_id, hazard_type)
    ORDER BY place
)
SELECT hazard_id, pg_notify('lifeline', 'incident') FROM changed

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

-- name: record_events
-- And wakes whoever follows incidents, once all is committed.
WITH recorded AS (
    INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
    SELECT hazard_id, at, event, grade, reason_zh, reason_en, 'engine'
    FROM jsonb_to_recordset($1) AS entry (hazard_id bigint, at timestamptz, event text, grade smallint, reason_zh text,
         reason_en text)
)
SELECT pg_notify('lifeline', 'incident')

-- name: silence_hazards
-- Of hazards that were just raised or grew graver, those that a silence covers; the longest one counts.
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
        WHERE hazard_id = ANY ($1::bigint[]) AND sensor.exercise_id = 0 AND hazard.silence_id IS NULL
              AND (cleared_at IS NULL OR (incident_id IS NULL AND peak_grade <= 3)) -- or it would still get an incident
        ORDER BY hazard_id, silence.ends_at DESC, silence.silence_id
    ) AS longest
    WHERE hazard.hazard_id = longest.hazard_id
    RETURNING hazard.hazard_id, graded_at, grade, longest.silence_id, longest.reason, longest.created_by
)
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, graded_at, 'silenced', grade, '静默 ' || silence_id || '：' || reason,
       'silence ' || silence_id || ': ' || reason, created_by
FROM covered

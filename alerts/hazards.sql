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

-- name: clear_hazards
UPDATE hazard SET cleared_at = finding.at, reason_zh = finding.reason_zh, reason_en = finding.reason_en,
       graded_at = finding.at
FROM jsonb_to_recordset($1) AS finding (sensor_id integer, hazard_type text, reason_zh text, reason_en text,
     at timestamptz)
WHERE hazard.sensor_id = finding.sensor_id AND hazard.hazard_type = finding.hazard_type AND cleared_at IS NULL
RETURNING hazard.hazard_id, hazard.sensor_id, hazard.hazard_type

-- name: record_events
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, at, event, grade, reason_zh, reason_en, 'engine'
FROM jsonb_to_recordset($1) AS entry (hazard_id bigint, at timestamptz, event text, grade smallint, reason_zh text,
     reason_en text)

-- name: silence_hazards
-- Of hazards that were just raised, those that a silence covers.
WITH covered AS (
    UPDATE hazard SET silence_id = silence.silence_id
    FROM sensor, silence
    WHERE hazard_id = ANY($1::bigint[]) AND sensor.sensor_id = hazard.sensor_id
      AND hazard.graded_at >= silence.starts_at AND hazard.graded_at < silence.ends_at
      AND (silence.sensor_id IS NULL OR silence.sensor_id = sensor.sensor_id)
      AND (silence.grid_id IS NULL OR silence.grid_id = sensor.grid_id)
      AND (silence.kind IS NULL OR silence.kind = sensor.kind)
      AND (silence.hazard_type IS NULL OR silence.hazard_type = hazard.hazard_type)
    RETURNING hazard_id, graded_at, grade, silence.silence_id, reason, created_by
)
INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)
SELECT hazard_id, graded_at, 'silenced', grade, '静默 ' || silence_id || '：' || reason,
       'silence ' || silence_id || ': ' || reason, created_by
FROM covered
RETURNING hazard_id

-- name: open_incidents
-- One incident for each hazard of yellow or worse that has none; work on sensors is no emergency.
WITH grown AS (
    UPDATE hazard SET incident_id = nextval(pg_get_serial_sequence('incident', 'incident_id'))
    FROM rule
    WHERE hazard_id = ANY ($1::bigint[]) AND rule.rule_id = hazard.rule_id AND incident_id IS NULL AND grade <= 3
      AND silence_id IS NULL
      AND NOT coalesce((rule.body ->> 'maintenance')::boolean, false)
    RETURNING hazard.incident_id, hazard.sensor_id, hazard.hazard_type, grade, rule.body, reason_zh, reason_en,
              graded_at, hazard_id
), opened AS (
    INSERT INTO incident (incident_id, kind, hazard_type, grade, skill, title_zh, title_en, grid_id, longitude,
                          latitude, opened_at)
    OVERRIDING SYSTEM VALUE
    SELECT incident_id, kind, hazard_type, grade, body ->> 'skill',
           coalesce(nullif(name_zh, ''), code) || ' ' || (body #>> '{title,zh}'),
           coalesce(nullif(name_en, ''), code) || ': ' || (body #>> '{title,en}'),
           grid_id, longitude, latitude, graded_at
    FROM grown JOIN sensor USING (sensor_id)
    RETURNING incident_id
)
INSERT INTO incident_event (incident_id, at, event, actor, detail)
SELECT incident_id, graded_at, 'opened', 'engine',
       jsonb_build_object('hazard_id', hazard_id, 'grade', grade, 'reason_zh', reason_zh, 'reason_en', reason_en)
FROM grown JOIN opened USING (incident_id)

-- name: regrade_incidents
-- An incident keeps the gravest grade that its hazards have reached.
WITH graver AS (
    UPDATE incident SET grade = worst.grade
    FROM (SELECT incident_id, min(grade) AS grade, max(graded_at) AS at FROM hazard
          WHERE hazard_id = ANY ($1::bigint[]) GROUP BY incident_id) AS worst
    WHERE incident.incident_id = worst.incident_id AND worst.grade < incident.grade AND closed_at IS NULL
    RETURNING incident.incident_id, incident.grade, worst.at
)
INSERT INTO incident_event (incident_id, at, event, actor, detail)
SELECT incident_id, at, 'regraded', 'engine', jsonb_build_object('grade', grade) FROM graver

-- name: tell
SELECT pg_notify('lifeline', 'incident')

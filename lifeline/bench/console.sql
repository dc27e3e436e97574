-- name: cases
-- Sensors of their own, which report nothing: else readings would clear their hazards.
WITH watched AS (
    INSERT INTO sensor (code, kind, longitude, latitude)
    SELECT 'case-' || n, 'gas', 112.1 + n % 25 * 0.02, 23.4 + n / 25 * 0.02 FROM generate_series(1, $1) AS n
    RETURNING sensor_id, code, longitude, latitude
), opened AS (
    INSERT INTO incident (kind, hazard_type, grade, peak_grade, stage, skill, title_zh, title_en, longitude, latitude, opened_at)
    SELECT 'gas', 'gas_combustible', 3, 3, 'reported', 'gas', code, code, longitude, latitude, $2 FROM watched
    RETURNING incident_id, title_en
)
INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en, raised_at, graded_at,
                    incident_id)
SELECT sensor_id, 'gas_combustible', $3, 3, 3, false, '甲烷超限', 'methane', $2, $2, incident_id
FROM opened JOIN watched ON code = title_en
RETURNING incident_id

-- name: placed
-- Somewhere in the county, so that a map has something to draw.
UPDATE sensor SET longitude = 112.1 + sensor_id % 97 * 0.005, latitude = 23.4 + sensor_id % 89 * 0.005
WHERE longitude IS NULL

-- name: people
INSERT INTO account (name, role, password_hash, must_change_password, created_at, updated_at)
SELECT 'desk-' || n, 'officer', $2, false, $3, $3 FROM generate_series(1, $1) AS n

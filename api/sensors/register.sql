-- name: page
SELECT * FROM sensor
WHERE ($1::text IS NULL OR code > $1)
  AND ($2::text IS NULL OR kind = $2)
  AND ($3::text IS NULL OR grid_id = $3)
  AND ($4::boolean IS NULL OR provisioned = $4)
  AND (retired_at IS NOT NULL) = $5
  AND ($6::text IS NULL OR owner_unit = $6)
  AND ($7::boolean IS NULL OR coalesce(calibration_due_on < $8, false) = $7)
ORDER BY code
LIMIT $9

-- name: one
SELECT * FROM sensor WHERE code = $1

-- name: lock
SELECT changed_in, kind FROM sensor WHERE code = $1 FOR UPDATE

-- name: misfits
-- What the database would refuse, or what readings would get lost by.
SELECT given.code, sensor.kind AS kind_before, given.grid_id AS unknown_grid
FROM jsonb_to_recordset($1) AS given (code text, kind text, grid_id text)
LEFT JOIN sensor ON sensor.code = given.code AND sensor.kind <> given.kind
LEFT JOIN grid ON grid.grid_id = given.grid_id
WHERE sensor.code IS NOT NULL OR (given.grid_id IS NOT NULL AND grid.grid_id IS NULL)
LIMIT 100

-- name: put
-- A sensor that a message had provisioned is looked at by a person now; one that was retired is back in service.
INSERT INTO sensor (code, kind, name_zh, name_en, grid_id, longitude, latitude, owner_unit, responsible_person,
                    responsible_phone, interval_s, attributes, installed_on, calibrated_on, calibration_due_on,
                    camera_id, camera_url, updated_at)
SELECT code, kind, name_zh, name_en, grid_id, longitude, latitude, owner_unit, responsible_person, responsible_phone,
       interval_s, attributes, installed_on, calibrated_on, calibration_due_on, camera_id, camera_url, $2
FROM jsonb_to_recordset($1) AS given (code text, kind text, name_zh text, name_en text, grid_id text,
    longitude double precision, latitude double precision, owner_unit text, responsible_person text,
    responsible_phone text, interval_s integer, attributes jsonb, installed_on date, calibrated_on date,
    calibration_due_on date, camera_id text, camera_url text)
ON CONFLICT (code) DO UPDATE
SET name_zh = excluded.name_zh, name_en = excluded.name_en, grid_id = excluded.grid_id,
    longitude = excluded.longitude, latitude = excluded.latitude, owner_unit = excluded.owner_unit,
    responsible_person = excluded.responsible_person, responsible_phone = excluded.responsible_phone,
    interval_s = excluded.interval_s, attributes = excluded.attributes, installed_on = excluded.installed_on,
    calibrated_on = excluded.calibrated_on, calibration_due_on = excluded.calibration_due_on,
    camera_id = excluded.camera_id, camera_url = excluded.camera_url, provisioned = false, retired_at = NULL,
    updated_at = excluded.updated_at
WHERE sensor.provisioned OR sensor.retired_at IS NOT NULL
   OR (sensor.name_zh, sensor.name_en, sensor.grid_id, sensor.longitude, sensor.latitude, sensor.owner_unit,
       sensor.responsible_person, sensor.responsible_phone, sensor.interval_s, sensor.attributes, sensor.installed_on,
       sensor.calibrated_on, sensor.calibration_due_on, sensor.camera_id, sensor.camera_url)
   IS DISTINCT FROM (excluded.name_zh, excluded.name_en, excluded.grid_id, excluded.longitude, excluded.latitude,
       excluded.owner_unit, excluded.responsible_person, excluded.responsible_phone, excluded.interval_s,
       excluded.attributes, excluded.installed_on, excluded.calibrated_on, excluded.calibration_due_on,
       excluded.camera_id, excluded.camera_url)
RETURNING code

-- name: retire
UPDATE sensor SET retired_at = coalesce(retired_at, $2), updated_at = $2 WHERE code = $1

-- name: tell
NOTIFY lifeline, 'sensor'

-- name: upsert_grids
INSERT INTO grid (grid_id, name_zh, name_en, town_zh, town_en, responsible_person, responsible_phone, outline)
SELECT grid_id, name_zh, name_en, town_zh, town_en, responsible_person, responsible_phone, outline
FROM jsonb_to_recordset($1) AS given (grid_id text, name_zh text, name_en text, town_zh text, town_en text,
                                      responsible_person text, responsible_phone text, outline jsonb)
ON CONFLICT (grid_id) DO UPDATE
SET name_zh = excluded.name_zh, name_en = excluded.name_en, town_zh = excluded.town_zh, town_en = excluded.town_en,
    responsible_person = excluded.responsible_person, responsible_phone = excluded.responsible_phone,
    outline = excluded.outline
WHERE (grid.name_zh, grid.name_en, grid.town_zh, grid.town_en, grid.responsible_person, grid.responsible_phone,
       grid.outline)
   IS DISTINCT FROM (excluded.name_zh, excluded.name_en, excluded.town_zh, excluded.town_en,
                     excluded.responsible_person, excluded.responsible_phone, excluded.outline)
RETURNING grid_id

-- name: upsert_sensors
-- A sensor that a message had provisioned is looked at by a person now.
INSERT INTO sensor (code, kind, name_zh, name_en, grid_id, longitude, latitude, owner_unit, interval_s, attributes,
                    updated_at)
SELECT code, kind, name_zh, name_en, grid_id, longitude, latitude, owner_unit, interval_s, attributes, $2
FROM jsonb_to_recordset($1) AS given (code text, kind text, name_zh text, name_en text, grid_id text,
                                      longitude double precision, latitude double precision, owner_unit text,
                                      interval_s integer, attributes jsonb)
ON CONFLICT (code) DO UPDATE
SET kind = excluded.kind, name_zh = excluded.name_zh, name_en = excluded.name_en, grid_id = excluded.grid_id,
    longitude = excluded.longitude, latitude = excluded.latitude, owner_unit = excluded.owner_unit,
    interval_s = excluded.interval_s, attributes = excluded.attributes, provisioned = false,
    updated_at = excluded.updated_at
WHERE sensor.provisioned
   OR (sensor.kind, sensor.name_zh, sensor.name_en, sensor.grid_id, sensor.longitude, sensor.latitude,
       sensor.owner_unit, sensor.interval_s, sensor.attributes)
   IS DISTINCT FROM (excluded.kind, excluded.name_zh, excluded.name_en, excluded.grid_id, excluded.longitude,
                     excluded.latitude, excluded.owner_unit, excluded.interval_s, excluded.attributes)
RETURNING code

-- name: upsert_squads
INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone, capacity,
                   rest_s, speed_km_h, turnout_s, members, vehicles, updated_at)
SELECT squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone, capacity, rest_s,
       speed_km_h, turnout_s, members, vehicles, $2
FROM jsonb_to_recordset($1) AS given (squad_id text, name_zh text, name_en text, skills text[],
                                      longitude double precision, latitude double precision, duty_start time,
                                      duty_end time, phone text, capacity smallint, rest_s integer, speed_km_h real,
                                      turnout_s integer, members jsonb, vehicles jsonb)
ON CONFLICT (squad_id) DO UPDATE
SET name_zh = excluded.name_zh, name_en = excluded.name_en, skills = excluded.skills, longitude = excluded.longitude,
    latitude = excluded.latitude, duty_start = excluded.duty_start, duty_end = excluded.duty_end,
    phone = excluded.phone, capacity = excluded.capacity, rest_s = excluded.rest_s,
    speed_km_h = excluded.speed_km_h, turnout_s = excluded.turnout_s, members = excluded.members,
    vehicles = excluded.vehicles, updated_at = excluded.updated_at
WHERE (squad.name_zh, squad.name_en, squad.skills, squad.longitude, squad.latitude, squad.duty_start, squad.duty_end,
       squad.phone, squad.capacity, squad.rest_s, squad.speed_km_h, squad.turnout_s, squad.members, squad.vehicles)
   IS DISTINCT FROM (excluded.name_zh, excluded.name_en, excluded.skills, excluded.longitude, excluded.latitude,
                     excluded.duty_start, excluded.duty_end, excluded.phone, excluded.capacity, excluded.rest_s,
                     excluded.speed_km_h, excluded.turnout_s, excluded.members, excluded.vehicles)
RETURNING squad_id

-- name: tell_sensors
NOTIFY lifeline, 'sensor'

-- name: save
INSERT INTO contact (contact_id, name_zh, name_en, person, grid_id, unit, phone, language, channels, most, window_s, quiet)
SELECT contact_id, given.name_zh, given.name_en, person, grid.grid_id, unit, phone, language, channels, $2, $3, $4
FROM jsonb_to_recordset($1) AS given (contact_id text, name_zh text, name_en text, person text, phone text, grid_id text,
     unit text, language text, channels text[])
LEFT JOIN grid USING (grid_id)
ON CONFLICT (contact_id) DO UPDATE SET
    name_zh = excluded.name_zh, name_en = excluded.name_en, person = excluded.person, grid_id = excluded.grid_id,
    unit = excluded.unit, phone = excluded.phone, language = excluded.language, channels = excluded.channels,
    most = excluded.most, window_s = excluded.window_s, quiet = excluded.quiet

-- name: save_owners
-- An owner named for some cells comes before the one for all.
INSERT INTO grid_owner (grid_id, kind, unit)
SELECT DISTINCT ON (grid_id, kind) grid_id, kind, unit
FROM jsonb_to_recordset($1) AS owner (kind text, unit text, grids text[])
JOIN grid ON grids = '{}' OR grid_id = ANY (grids)
ORDER BY grid_id, kind, grids = '{}'
ON CONFLICT (grid_id, kind) DO UPDATE SET unit = excluded.unit

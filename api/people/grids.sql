-- name: page
SELECT grid.*, coalesce(owned.owners, '{}') AS owners, coalesce(standing.sensors, 0) AS sensors,
       coalesce(troubled.incidents, 0) AS open_incidents
FROM grid
LEFT JOIN (SELECT grid_id, jsonb_object_agg(kind, unit) AS owners FROM grid_owner GROUP BY grid_id) AS owned
    USING (grid_id)
LEFT JOIN (SELECT grid_id, count(*)::integer AS sensors FROM sensor WHERE retired_at IS NULL GROUP BY grid_id) AS standing
    USING (grid_id)
LEFT JOIN (SELECT grid_id, count(*)::integer AS incidents FROM incident WHERE closed_at IS NULL GROUP BY grid_id)
    AS troubled USING (grid_id)
WHERE ($1::text IS NULL OR grid_id > $1)
  AND ($2::text IS NULL OR $2 IN (town_zh, town_en))
  AND ($3::text IS NULL OR grid_id = $3)
ORDER BY grid_id
LIMIT $4

-- name: lock
SELECT changed_in FROM grid WHERE grid_id = $1 FOR UPDATE

-- name: put
INSERT INTO grid (grid_id, name_zh, name_en, town_zh, town_en, responsible_person, responsible_phone, outline)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (grid_id) DO UPDATE SET
    name_zh = excluded.name_zh, name_en = excluded.name_en, town_zh = excluded.town_zh, town_en = excluded.town_en,
    responsible_person = excluded.responsible_person, responsible_phone = excluded.responsible_phone,
    outline = excluded.outline

-- name: put_owners
WITH given AS (
    SELECT * FROM unnest($2::text[], $3::text[]) AS given (kind, unit)
), gone AS (
    DELETE FROM grid_owner WHERE grid_id = $1 AND kind <> ALL ($2)
)
INSERT INTO grid_owner (grid_id, kind, unit) SELECT $1, kind, unit FROM given
ON CONFLICT (grid_id, kind) DO UPDATE SET unit = excluded.unit WHERE grid_owner.unit <> excluded.unit

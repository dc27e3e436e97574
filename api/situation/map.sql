-- name: grids
SELECT grid_id, name_zh, name_en, town_zh, town_en, outline FROM public.grid ORDER BY grid_id

-- name: sensors
-- Of the real world. $1: only those with these codes.
SELECT s.code, s.kind, s.longitude, s.latitude, found.grade, found.ill
FROM public.sensor AS s
CROSS JOIN LATERAL (
    SELECT min(grade) FILTER (WHERE NOT ill) AS grade, bool_or(ill) AS ill
    FROM (SELECT grade, hazard_type IN ('sensor_silent', 'sensor_fault') AS ill
          FROM public.hazard AS h WHERE h.sensor_id = s.sensor_id AND h.cleared_at IS NULL) AS open
) AS found
WHERE s.exercise_id = 0 AND s.retired_at IS NULL AND s.longitude IS NOT NULL AND s.latitude IS NOT NULL
  AND ($1::text[] IS NULL OR s.code = ANY ($1))
ORDER BY s.sensor_id
LIMIT $2

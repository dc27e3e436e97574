-- name: open
-- Exercises too, marked by their number. $1: only incidents of these numbers; $2: only those of exercises.
SELECT i.incident_id, i.exercise_id, i.kind, i.hazard_type, i.grade, i.peak_grade, i.stage, i.title_zh, i.title_en,
       i.grid_id, g.name_zh AS grid_zh, g.name_en AS grid_en, i.longitude, i.latitude, i.opened_at, i.due_at,
       seen.hazards, seen.unacknowledged, sent.tasks
FROM public.incident AS i
LEFT JOIN public.grid AS g ON g.grid_id = i.grid_id
CROSS JOIN LATERAL (
    SELECT count(*) AS hazards, count(*) FILTER (WHERE acknowledged_at IS NULL) AS unacknowledged
    FROM public.hazard AS h WHERE h.incident_id = i.incident_id AND h.cleared_at IS NULL
) AS seen
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'task_id', t.task_id, 'squad_id', t.squad_id, 'name', jsonb_build_object('zh', s.name_zh, 'en', s.name_en),
               'status', t.status, 'clock_at', t.clock_at, 'arrival_expected_at', t.arrival_expected_at)
           ORDER BY t.lead DESC, t.task_id), '[]') AS tasks
    FROM public.task AS t LEFT JOIN public.squad AS s ON s.squad_id = t.squad_id
    WHERE t.incident_id = i.incident_id AND t.open
) AS sent
WHERE i.closed_at IS NULL AND ($1::bigint[] IS NULL OR i.incident_id = ANY ($1)) AND (NOT $2 OR i.exercise_id <> 0)
ORDER BY i.exercise_id <> 0, i.grade, i.opened_at DESC, i.incident_id DESC
LIMIT $3

-- name: sounding
-- Of exercises that go on too, in the order in which somebody should look.
SELECT i.incident_id, i.exercise_id, i.grade, i.title_zh, i.title_en, min(h.raised_at) AS since
FROM public.hazard AS h
JOIN public.incident AS i ON i.incident_id = h.incident_id
JOIN public.exercise AS e ON e.exercise_id = i.exercise_id
WHERE h.cleared_at IS NULL AND h.acknowledged_at IS NULL AND h.grade <= 2 AND i.closed_at IS NULL
  AND e.status <> 'ended'
GROUP BY i.incident_id
ORDER BY i.exercise_id = 0 DESC, i.grade, min(h.raised_at) DESC
LIMIT $1

-- name: page
SELECT exercise_id, drill, title_zh, title_en, seed, status, pause_reason, started_at, ended_at,
       ARRAY(SELECT squad_id FROM exercise_squad AS enrolled WHERE enrolled.exercise_id = exercise.exercise_id
             ORDER BY squad_id) AS squads
FROM exercise
WHERE exercise_id <> 0
  AND ($1::bigint IS NULL OR exercise_id < $1)
  AND ($2::text IS NULL OR status = $2)
ORDER BY exercise_id DESC
LIMIT $3

-- name: one
SELECT exercise_id, drill, title_zh, title_en, seed, status, pause_reason, started_at, ended_at, report,
       ARRAY(SELECT squad_id FROM exercise_squad AS enrolled WHERE enrolled.exercise_id = exercise.exercise_id
             ORDER BY squad_id) AS squads
FROM exercise
WHERE exercise_id = $1::bigint AND exercise_id <> 0

-- name: see_all
-- Until the transaction ends: requests don't see what belongs to an exercise otherwise.
SET LOCAL search_path = public

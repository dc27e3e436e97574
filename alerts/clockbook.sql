-- name: newest
SELECT body FROM case_clock ORDER BY case_clock_id DESC LIMIT 1

-- name: add
INSERT INTO case_clock (body, loaded_at) VALUES ($1, $2)

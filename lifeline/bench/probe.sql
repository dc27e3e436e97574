-- name: add
-- It has no readings but those that are sent to see how soon they are there.
INSERT INTO sensor (code, kind) VALUES ($1, $2) RETURNING sensor_id

-- name: committed
SELECT EXISTS (SELECT FROM reading_gas WHERE sensor_id = $1 AND time = $2)

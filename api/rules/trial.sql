-- name: count_readings
SELECT count(*) FROM (SELECT FROM {table} WHERE time >= $1 AND time < $2 LIMIT $3) AS counted

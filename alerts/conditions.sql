-- name: spoilt
-- {table} and {quantity} come from ingest.kinds. Which of the readings, numbered in $1, one of their sources spoils: it
-- measured at least $7 within $4 before them. The bounds of all times, $5 and $6, keep other chunks out.
SELECT DISTINCT wanted.number
FROM unnest($1::int[], $2::int[], $3::timestamptz[]) AS wanted (number, source, at)
WHERE EXISTS (
    SELECT FROM {table}
    WHERE sensor_id = wanted.source AND time > wanted.at - $4::interval AND time <= wanted.at
      AND time > $5 AND time <= $6 AND {quantity} >= $7::real)

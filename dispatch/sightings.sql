-- name: see
-- What bears a time well after now was seen before the clock was set back.
UPDATE squad SET seen_longitude = seen.longitude, seen_latitude = seen.latitude, seen_at = seen.at
FROM jsonb_to_recordset($1) AS seen (squad_id text, longitude double precision, latitude double precision,
     at timestamptz)
WHERE squad.squad_id = seen.squad_id AND (seen_at IS NULL OR seen_at < seen.at OR seen_at > $2::timestamptz + interval '1 minute')

-- name: checklist
-- The order's own, as it was sent.
SELECT body -> 'checklist' FROM notification WHERE key = $1

-- name: add_note
INSERT INTO task_note (task_id, at, actor, text) VALUES ($1, $2, $3, $4)

-- name: keep_ticks
DELETE FROM task_tick WHERE task_id = $1 AND item <> ALL ($2::smallint[])

-- name: add_ticks
INSERT INTO task_tick (task_id, item, at, actor) SELECT $1, item, $3, $4 FROM unnest($2::smallint[]) AS item
ON CONFLICT (task_id, item) DO NOTHING

-- name: count_photos
SELECT count(*) FROM task_photo WHERE task_id = $1

-- name: add_photo
INSERT INTO task_photo (task_id, at, actor, sha256, width, height, taken_at, longitude, latitude)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (task_id, sha256) DO NOTHING
RETURNING task_photo_id

-- name: add_image
INSERT INTO task_photo_image (task_photo_id, image, small) VALUES ($1, $2, $3)

-- name: notes
SELECT at, actor, text FROM task_note WHERE task_id = $1 ORDER BY task_note_id LIMIT $2

-- name: ticks
SELECT item, at, actor FROM task_tick WHERE task_id = $1 ORDER BY item

-- name: photos
SELECT task_photo_id AS photo_id, task_photo.at, task_photo.actor, width, height, taken_at, task_photo.longitude,
       task_photo.latitude, incident.longitude AS there_longitude, incident.latitude AS there_latitude
FROM task_photo JOIN task USING (task_id) JOIN incident USING (incident_id)
WHERE task_id = $1 ORDER BY task_photo_id

-- name: image
SELECT image, small FROM task_photo JOIN task_photo_image USING (task_photo_id)
WHERE task_id = $1 AND task_photo_id = $2

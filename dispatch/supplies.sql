-- name: save_stores
INSERT INTO store (store_id, name_zh, name_en, longitude, latitude, contact)
SELECT store_id, name_zh, name_en, longitude, latitude, contact
FROM jsonb_to_recordset($1) AS given (store_id text, name_zh text, name_en text, longitude double precision,
     latitude double precision, contact text)
ON CONFLICT (store_id) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en,
    longitude = excluded.longitude, latitude = excluded.latitude, contact = excluded.contact

-- name: save_stock
WITH given AS (
    SELECT * FROM jsonb_to_recordset($1) AS given (store_id text, item text, name_zh text, name_en text, unit text,
        amount integer, minimum integer)
), counted AS (
    INSERT INTO stock_entry (store_id, item, what, amount, at, actor, note)
    SELECT store_id, item, 'counted', given.amount, $2, 'lifeline init', 'first load'
    FROM given WHERE NOT EXISTS (SELECT FROM stock WHERE (stock.store_id, stock.item) = (given.store_id, given.item))
)
INSERT INTO stock (store_id, item, name_zh, name_en, unit, amount, minimum)
SELECT store_id, item, name_zh, name_en, unit, amount, minimum FROM given
ON CONFLICT (store_id, item) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en,
    unit = excluded.unit, minimum = excluded.minimum

-- name: save_shelters
INSERT INTO shelter (shelter_id, name_zh, name_en, longitude, latitude, capacity, contact, phone, updated_at)
SELECT shelter_id, name_zh, name_en, longitude, latitude, capacity, contact, phone, $2
FROM jsonb_to_recordset($1) AS given (shelter_id text, name_zh text, name_en text, longitude double precision,
     latitude double precision, capacity integer, contact text, phone text)
ON CONFLICT (shelter_id) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en,
    longitude = excluded.longitude, latitude = excluded.latitude, capacity = excluded.capacity,
    contact = excluded.contact, phone = excluded.phone

-- name: reserve
-- The nearest store first, by squares of degrees: near enough within a county. Gives all that the incident then has.
WITH had AS (
    SELECT coalesce(sum(CASE what WHEN 'reserved' THEN amount WHEN 'released' THEN -amount ELSE 0 END), 0)::integer
        AS amount
    FROM stock_entry WHERE incident_id = $1 AND item = $2
), store_free AS (
    SELECT store_id, amount - reserved AS free,
           (store.longitude - incident.longitude) ^ 2 + (store.latitude - incident.latitude) ^ 2 AS far
    FROM (SELECT * FROM stock WHERE item = $2 AND amount > reserved FOR UPDATE) AS stock JOIN store USING (store_id)
    CROSS JOIN (SELECT longitude, latitude FROM incident WHERE incident_id = $1) AS incident
), before AS (
    SELECT store_id, free, coalesce(sum(free) OVER (
        ORDER BY far NULLS LAST, store_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS sooner
    FROM store_free
), taken AS (
    SELECT store_id, least(free, $3 - had.amount - sooner)::integer AS amount FROM before CROSS JOIN had
    WHERE $3 - had.amount - sooner > 0
), booked AS (
    UPDATE stock SET reserved = reserved + taken.amount FROM taken WHERE stock.store_id = taken.store_id AND item = $2
), noted AS (
    INSERT INTO stock_entry (store_id, item, incident_id, what, amount, at, actor, note)
    SELECT store_id, $2, $1, 'reserved', amount, $4, $5, CASE $5::text WHEN 'dispatcher' THEN 'by plan' ELSE '' END
    FROM taken
), held AS (
    UPDATE response SET holds_materials = true WHERE incident_id = $1 AND EXISTS (SELECT FROM taken)
)
SELECT (had.amount + coalesce((SELECT sum(amount) FROM taken), 0))::integer FROM had

-- name: take_stock
-- A statement of its own: the next one must see what was entered while this one waited.
SELECT FROM stock WHERE store_id = $1 AND item = $2 FOR NO KEY UPDATE

-- name: find_stock
SELECT store_id, item, stock.name_zh, stock.name_en, unit, minimum, store.name_zh AS store_zh, store.name_en AS store_en,
       amount, reserved, greatest(0, (
    SELECT coalesce(sum(CASE what WHEN 'reserved' THEN amount WHEN 'released' THEN -amount WHEN 'issued' THEN -amount
                        ELSE 0 END), 0)
    FROM stock_entry WHERE (stock_entry.store_id, stock_entry.item) = ($1, $2) AND incident_id = $3))::integer AS promised
FROM stock JOIN store USING (store_id) WHERE store_id = $1 AND item = $2

-- name: book
UPDATE stock SET amount = $3, reserved = $4 WHERE store_id = $1 AND item = $2

-- name: note
INSERT INTO stock_entry (store_id, item, incident_id, what, amount, at, actor, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: over
UPDATE response SET holds_materials = false FROM incident
WHERE holds_materials AND incident.incident_id = response.incident_id AND closed_at IS NOT NULL
RETURNING response.incident_id

-- name: take_stock_of
SELECT FROM stock WHERE (store_id, item) IN (SELECT store_id, item FROM stock_entry WHERE incident_id = ANY ($1::bigint[]))
ORDER BY store_id, item FOR NO KEY UPDATE

-- name: release
WITH left_over AS (
    SELECT store_id, item, incident_id,
           greatest(0, sum(CASE what WHEN 'reserved' THEN amount WHEN 'released' THEN -amount WHEN 'issued' THEN -amount
                           ELSE 0 END))::integer AS amount
    FROM stock_entry WHERE incident_id = ANY ($1::bigint[]) GROUP BY store_id, item, incident_id
), freed AS (
    UPDATE stock SET reserved = reserved - freed.amount
    FROM (SELECT store_id, item, sum(amount)::integer AS amount FROM left_over GROUP BY store_id, item) AS freed
    WHERE (stock.store_id, stock.item) = (freed.store_id, freed.item) AND freed.amount > 0
)
INSERT INTO stock_entry (store_id, item, incident_id, what, amount, at, actor)
SELECT store_id, item, incident_id, 'released', amount, $2, 'dispatcher' FROM left_over WHERE amount > 0

-- name: capacity
SELECT capacity FROM shelter WHERE shelter_id = $1 FOR UPDATE

-- name: set_shelter
UPDATE shelter SET is_open = $2, occupancy = $3, updated_at = $4 WHERE shelter_id = $1

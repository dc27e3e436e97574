-- name: stores
SELECT * FROM store WHERE $1::text IS NULL OR store_id > $1 ORDER BY store_id LIMIT $2

-- name: one_store
SELECT * FROM store WHERE store_id = $1

-- name: lock_store
SELECT changed_in FROM store WHERE store_id = $1 FOR UPDATE

-- name: put_store
INSERT INTO store (store_id, name_zh, name_en, longitude, latitude, contact) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (store_id) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en,
    longitude = excluded.longitude, latitude = excluded.latitude, contact = excluded.contact

-- name: stock
SELECT * FROM stock
WHERE ($1::text IS NULL OR (store_id, item) > ($1, $2::text))
  AND ($3::text IS NULL OR store_id = $3)
  AND ($4::text IS NULL OR item = $4)
  AND ($5::boolean IS NULL OR (amount < minimum) = $5)
ORDER BY store_id, item
LIMIT $6

-- name: one_stock
SELECT * FROM stock WHERE store_id = $1 AND item = $2

-- name: lock_stock
SELECT changed_in FROM stock WHERE store_id = $1 AND item = $2 FOR UPDATE

-- name: put_stock
INSERT INTO stock (store_id, item, name_zh, name_en, unit, amount, minimum) VALUES ($1, $2, $3, $4, $5, 0, $6)
ON CONFLICT (store_id, item) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en,
    unit = excluded.unit, minimum = excluded.minimum

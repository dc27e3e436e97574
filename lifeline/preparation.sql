-- name: is_prepared
SELECT to_regclass('migration') IS NOT NULL

-- name: latest_migration
SELECT coalesce(max(number), 0) FROM migration

-- name: refresh_everyday
-- Views keep the columns that they were made with.
SELECT refresh_everyday()

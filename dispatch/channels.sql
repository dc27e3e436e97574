-- name: tested_since
SELECT channel FROM channel_test WHERE tested_at > $1

-- name: note
INSERT INTO channel_test (channel, tested_at, ok, error) VALUES ($1, $2, $3, $4)
ON CONFLICT (channel) DO UPDATE SET tested_at = excluded.tested_at, ok = excluded.ok, error = excluded.error

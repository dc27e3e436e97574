-- name: beat
INSERT INTO process (name, pid, started_at, seen_at, ready, detail, figures, ready_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $5 THEN $4::timestamptz END)
ON CONFLICT (name) DO UPDATE
SET pid = excluded.pid, started_at = excluded.started_at, seen_at = excluded.seen_at, ready = excluded.ready,
    detail = excluded.detail, figures = excluded.figures, ready_at = coalesce(excluded.ready_at, process.ready_at)

-- name: sample
-- Kept for a month, which is what somebody looks back on; the roll-ups of readings tell of longer times.
WITH old AS (DELETE FROM process_sample WHERE at < $2::timestamptz - INTERVAL '30 days')
INSERT INTO process_sample (name, at, figures) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

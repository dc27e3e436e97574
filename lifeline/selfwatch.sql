-- name: vitals
-- A process that isn't ready stores nothing, whatever it says of its batches. What a person's own window holds back isn't
-- late before its time; what was tried and never left is
-- late from its beginning, however often it was put off.
SELECT clock_timestamp() AS clock,
       (SELECT greatest((figures ->> 'behind_s')::float8, CASE WHEN NOT ready OR seen_at < $1::timestamptz - INTERVAL '30 seconds'
            THEN extract(epoch FROM $1 - coalesce(ready_at, started_at)) ELSE 0 END)::float8
        FROM process WHERE name = 'ingest') AS ingest_behind_s,
       (SELECT coalesce(max(extract(epoch FROM $1 - CASE WHEN sent_at IS NULL AND (channel = 'mqtt' OR attempts > 2) THEN created_at
            ELSE next_attempt_at END)), 0)::float8
        FROM notification WHERE next_attempt_at IS NOT NULL) AS outbox_late_s

-- name: server
SELECT current_setting('server_version_num')::integer / 10000 AS version, clock_timestamp() AS clock,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescale,
       has_schema_privilege('public', 'CREATE') AND has_database_privilege(current_database(), 'CREATE') AS may_create

-- name: processes
SELECT name, seen_at, ready FROM process

-- name: waiting
SELECT (SELECT count(*) FROM quarantine WHERE status = 'held') AS held,
       (SELECT coalesce(max(extract(epoch FROM $1::timestamptz - created_at)), 0)::float8 FROM notification
        WHERE next_attempt_at IS NOT NULL AND received_at IS NULL) AS oldest_s

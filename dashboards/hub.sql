-- name: processes
SELECT name AS process, CASE WHEN ready AND seen_at > now() - INTERVAL '30 seconds' THEN 1 ELSE 0 END AS ready,
       extract(epoch FROM now() - seen_at)::float8 AS beat_s, started_at
FROM process ORDER BY name

-- name: waiting
SELECT (SELECT count(*) FROM quarantine WHERE status = 'held') AS quarantine,
       (SELECT count(*) FROM notification WHERE next_attempt_at IS NOT NULL) AS outbox,
       (SELECT coalesce(max(extract(epoch FROM now() - created_at)), 0)::float8 FROM notification
        WHERE next_attempt_at IS NOT NULL) AS oldest_s

-- name: database_size
SELECT pg_database_size(current_database())::float8 AS bytes

-- name: connections
SELECT count(*) AS used, current_setting('max_connections')::integer AS allowed FROM pg_stat_activity

-- name: rates
SELECT time, metric, sum(samples)::float8 / CASE '${rollup:raw}' WHEN '10min' THEN 600 WHEN '1h' THEN 3600 ELSE 86400 END
    AS value
FROM ({samples}) AS sample GROUP BY time, metric ORDER BY 1, 2

-- name: lag
-- From the time that the sensor gave its reading to the commit of the hazard that it raised.
SELECT date_bin(INTERVAL '10 minutes', recorded_at, TIMESTAMPTZ '2000-01-01 00:00Z') AS time,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM recorded_at - raised_at)) AS median_s,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM recorded_at - raised_at)) AS p95_s
FROM hazard WHERE $__timeFilter(recorded_at) GROUP BY 1 ORDER BY 1

-- name: order_lag
-- From the order's commit to its first hand-over to the broker and to the squad's receipt.
SELECT date_bin(INTERVAL '10 minutes', created_at, TIMESTAMPTZ '2000-01-01 00:00Z') AS time,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - created_at)) AS sent_s,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM received_at - created_at)) AS received_s
FROM notification WHERE $__timeFilter(created_at) GROUP BY 1 ORDER BY 1

-- name: quarantined
SELECT date_bin(INTERVAL '1 hour', received_at, TIMESTAMPTZ '2000-01-01 00:00Z') AS time, count(*)::float8 AS value
FROM quarantine WHERE $__timeFilter(received_at) GROUP BY 1 ORDER BY 1

-- name: held
SELECT received_at, topic, reason, length(payload) AS size FROM quarantine
WHERE status = 'held' ORDER BY quarantine_id DESC LIMIT 100

-- name: outbox
SELECT key, recipient, attempts, next_attempt_at FROM notification
WHERE next_attempt_at IS NOT NULL ORDER BY next_attempt_at LIMIT 100

-- name: tables
SELECT relname AS "table", pg_total_relation_size(oid)::float8 AS size FROM pg_class
WHERE relkind IN ('r', 'm') AND relnamespace IN ('public'::regnamespace, to_regnamespace('_timescaledb_internal'))
ORDER BY 2 DESC LIMIT 20

-- name: samples
SELECT bucket AS time, '{kind}' AS metric, sum(samples) AS samples
FROM reading_{kind}_${rollup:raw} WHERE $__timeFilter(bucket) GROUP BY bucket

-- name: intake
-- From the samples that the intake keeps of itself, at most 500 of them; a restart begins its counts anew.
WITH sample AS (
    SELECT at, (figures ->> 'queue')::float8 AS queue, (figures ->> 'lag_s')::float8 AS lag_s,
           (figures ->> 'commit_s')::float8 - lag((figures ->> 'commit_s')::float8) OVER in_time AS spent_s,
           (figures ->> 'batches')::float8 - lag((figures ->> 'batches')::float8) OVER in_time AS batches
    FROM process_sample WHERE name = 'ingest' AND $__timeFilter(at) WINDOW in_time AS (ORDER BY at)
)
SELECT date_bin(greatest(INTERVAL '30 seconds', ($__timeTo()::timestamptz - $__timeFrom()::timestamptz) / 500), at,
                TIMESTAMPTZ '2000-01-01 00:00Z') AS time, {columns}
FROM sample GROUP BY 1 ORDER BY 1

-- name: vitals
SELECT date_bin(greatest(INTERVAL '30 seconds', ($__timeTo()::timestamptz - $__timeFrom()::timestamptz) / 500), at,
                TIMESTAMPTZ '2000-01-01 00:00Z') AS time, min((figures ->> 'disk_free')::float8) AS disk_free
FROM process_sample WHERE name = 'dispatch' AND $__timeFilter(at) GROUP BY 1 ORDER BY 1

-- name: self
-- The latest that the hub has measured of itself.
SELECT (figures ->> 'ingest_behind_s')::float8 AS behind_s, (figures ->> 'outbox_late_s')::float8 AS late_s,
       (figures ->> 'clock_skew_s')::float8 AS skew_s, (figures ->> 'disk_free')::float8 AS disk_free,
       (figures ->> 'certificate_days')::float8 AS certificate_days, (figures ->> 'refused_logins')::float8 AS refused
FROM process WHERE name = 'dispatch'

-- name: troubles
SELECT incident_id, grade, title_${lang:raw} AS title, stage, opened_at, closed_at FROM incident
WHERE kind = 'hub' AND (closed_at IS NULL OR $__timeFilter(opened_at))
ORDER BY closed_at IS NOT NULL, incident_id DESC LIMIT 50

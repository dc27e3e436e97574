-- name: hold_jobs
SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE hypertable_schema IS NOT NULL

-- name: compress
SELECT compress_chunk(chunk, if_not_compressed => true) FROM show_chunks($1::regclass, older_than => $2::timestamptz) AS chunk

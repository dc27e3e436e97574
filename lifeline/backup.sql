-- name: version
SELECT current_setting('server_version_num')::integer / 10000

-- name: tables
SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')

-- name: begin_feed_era
-- A backup of an older version has none; its migration begins one.
DO $$ BEGIN
    IF to_regproc('public.begin_feed_era') IS NOT NULL THEN
        PERFORM public.begin_feed_era();
    END IF;
END $$

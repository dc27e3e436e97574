-- Readers of the feed wait for those who are writing to it, and for nobody else. Its order was that of the transactions'
-- numbers, which are the whole server's: any transaction that began early and wrote late had to be waited for, one of
-- another database too. Now feed_id is the order. The numbers that were given out stay good: what comes from now on has
-- one and the same number in their place, greater than all of them, until a restore begins the next era.

ALTER TABLE feed ALTER transaction DROP DEFAULT;
ALTER TABLE feed ALTER transaction TYPE bigint USING transaction::text::bigint;
ALTER TABLE feed RENAME transaction TO era;
ALTER TABLE webhook ALTER transaction TYPE bigint USING transaction::text::bigint;
ALTER TABLE webhook RENAME transaction TO era;

-- After a restore feed_id goes back to what it was at the backup, and ids that listeners and receivers know would be
-- given to other events.
CREATE FUNCTION begin_feed_era() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE public.feed ALTER era SET DEFAULT %s', greatest(
        extract(epoch FROM clock_timestamp())::bigint, pg_current_xact_id()::text::bigint,
        (SELECT max(era) + 1 FROM public.feed), (SELECT max(era) + 1 FROM public.webhook),
        (SELECT substring(pg_get_expr(adbin, adrelid) FROM '[0-9]+')::bigint + 1 -- the era before, of an empty feed too
         FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
         WHERE adrelid = 'public.feed'::regclass AND attname = 'era')));
END $$;
SELECT begin_feed_era();

-- Before it draws its first feed_id, a transaction takes a lock that anybody can see until it is over, also prepared or
-- rolled back to a savepoint, and whose key says how far the numbers had been drawn: all of its own will be greater.
-- Shared, it waits for nobody. The key's upper 16 bits are "FE". Numbers must not be drawn ahead (CACHE 1), and
-- last_value has to be one that was drawn: hence the first is thrown away.
SELECT nextval('feed_feed_id_seq');

CREATE FUNCTION hold_feed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('lifeline.holds_feed', true) IS DISTINCT FROM 'yes' THEN -- once is enough, and locks are few
        PERFORM pg_advisory_xact_lock_shared((x'4645'::bigint << 48) | last_value) FROM public.feed_feed_id_seq;
        PERFORM set_config('lifeline.holds_feed', 'yes', true); -- gone with the lock, at a savepoint too
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER feed_held BEFORE INSERT ON feed FOR EACH STATEMENT EXECUTE FUNCTION hold_feed();

-- The feed_id up to which nothing is to come any more. In a statement that begins after this one has ended, all rows up
-- to there are seen. Why: who drew one of these numbers had drawn it, and so held the lock, before the first line here.
-- If the second line finds the lock, it stops short of the number; if not, the transaction was over, and a transaction
-- can be seen before it lets its locks go.
CREATE FUNCTION feed_settled() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    drawn CONSTANT bigint := (SELECT last_value FROM public.feed_feed_id_seq);
BEGIN
    RETURN least(drawn, (
        SELECT min((classid::bigint << 32 | objid::bigint) - (x'4645'::bigint << 48)) FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = x'4645'::bigint
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())));
END $$;

-- People are told of an incident behind the orders, in a transaction of their own: nobody who is to set out waits for it.
-- This is the grade that they were told; 0 when it has flared up since.
ALTER TABLE response ADD COLUMN told_grade smallint;
UPDATE response SET told_grade = grade;
CREATE INDEX response_untold ON response (incident_id) WHERE told_grade IS DISTINCT FROM grade;

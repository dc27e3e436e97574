-- What a drill causes is told from what is real by the exercise's id.
ALTER TABLE incident ADD COLUMN IF NOT EXISTS exercise_id text;

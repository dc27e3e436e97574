-- What the county has: grid cells with a responsible person, sensors, squads.

CREATE TABLE grid (
    grid_id            text PRIMARY KEY,
    name_zh            text NOT NULL,
    name_en            text NOT NULL,
    town_zh            text NOT NULL,
    town_en            text NOT NULL,
    responsible_person text NOT NULL,
    responsible_phone  text NOT NULL,
    outline            jsonb NOT NULL -- GeoJSON Polygon, WGS 84
);

CREATE TABLE sensor (
    sensor_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        text NOT NULL UNIQUE CHECK (code ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$'),
    kind        text NOT NULL,
    name_zh     text NOT NULL DEFAULT '',
    name_en     text NOT NULL DEFAULT '',
    grid_id     text REFERENCES grid,
    longitude   double precision CHECK (longitude BETWEEN -180 AND 180),
    latitude    double precision CHECK (latitude BETWEEN -90 AND 90),
    owner_unit  text NOT NULL DEFAULT '',
    interval_s  integer CHECK (interval_s > 0), -- NULL: the usual interval of the kind
    attributes  jsonb NOT NULL DEFAULT '{}',    -- what limits are looked up by: noise_class, placement, road
    provisioned boolean NOT NULL DEFAULT false, -- true: made by a message, not yet looked at by a person
    updated_at  timestamptz NOT NULL DEFAULT now(),
    changed_in  bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint -- transaction of the latest change
);
-- Readers that keep a copy ask for what transactions changed that were not over when they looked last. Times would not
-- do: a transaction may take long, and its rows then appear with stamps that readers have passed.
CREATE INDEX sensor_changed ON sensor (changed_in);
CREATE FUNCTION stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_in := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER sensor_changes BEFORE UPDATE ON sensor FOR EACH ROW EXECUTE FUNCTION stamp_change();

CREATE TABLE squad (
    squad_id   text PRIMARY KEY CHECK (squad_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$'),
    name_zh    text NOT NULL,
    name_en    text NOT NULL,
    skills     text[] NOT NULL,
    longitude  double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    latitude   double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    duty_start time NOT NULL, -- local time; a start after the end spans midnight, equal ones mean round the clock
    duty_end   time NOT NULL,
    phone      text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- A message that could not become a reading, kept whole until a person decides.
CREATE TABLE quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic         text NOT NULL,
    payload       bytea NOT NULL,
    reason        text NOT NULL,
    received_at   timestamptz NOT NULL,
    status        text NOT NULL DEFAULT 'held' CHECK (status IN ('held', 'replayed', 'dropped')),
    decided_at    timestamptz
);
CREATE INDEX quarantine_held ON quarantine (quarantine_id) WHERE status = 'held';

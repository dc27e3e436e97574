-- Materials in stores, with an audit trail, and shelters.

CREATE TABLE store (
    store_id  text PRIMARY KEY,
    name_zh   text NOT NULL,
    name_en   text NOT NULL,
    longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    latitude  double precision CHECK (latitude BETWEEN -90 AND 90),
    contact   text NOT NULL DEFAULT ''
);

CREATE TABLE stock (
    store_id text NOT NULL REFERENCES store,
    item     text NOT NULL,
    name_zh  text NOT NULL,
    name_en  text NOT NULL,
    unit     text NOT NULL,
    amount   integer NOT NULL CHECK (amount >= 0),              -- in the store
    minimum  integer NOT NULL DEFAULT 0 CHECK (minimum >= 0),
    reserved integer NOT NULL DEFAULT 0 CHECK (reserved >= 0),  -- of it, promised to incidents
    PRIMARY KEY (store_id, item),
    CHECK (reserved <= amount)
);

CREATE TABLE stock_entry (
    stock_entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id       text NOT NULL,
    item           text NOT NULL,
    incident_id    bigint REFERENCES incident,
    what           text NOT NULL CHECK (what IN ('counted', 'reserved', 'issued', 'returned', 'released')),
    amount         integer NOT NULL,
    at             timestamptz NOT NULL,
    actor          text NOT NULL,
    note           text NOT NULL DEFAULT '',
    FOREIGN KEY (store_id, item) REFERENCES stock
);
CREATE INDEX stock_entry_of_incident ON stock_entry (incident_id, item);
CREATE TRIGGER stock_entry_append_only BEFORE UPDATE OR DELETE ON stock_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

ALTER TABLE response ADD COLUMN holds_materials boolean NOT NULL DEFAULT false; -- reserved, and not released yet
CREATE INDEX response_holding ON response (incident_id) WHERE holds_materials;

CREATE TABLE shelter (
    shelter_id text PRIMARY KEY,
    name_zh    text NOT NULL,
    name_en    text NOT NULL,
    longitude  double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    latitude   double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    capacity   integer NOT NULL CHECK (capacity > 0),
    occupancy  integer NOT NULL DEFAULT 0 CHECK (occupancy BETWEEN 0 AND capacity),
    is_open    boolean NOT NULL DEFAULT false,
    contact    text NOT NULL DEFAULT '',
    phone      text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL DEFAULT now()
);

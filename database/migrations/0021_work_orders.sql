-- Work on sensors, bundled: an order for each grid cell and day.

CREATE TABLE work_order (
    work_order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grid_id       text NOT NULL, -- empty for sensors without a cell
    day           date NOT NULL, -- local
    created_at    timestamptz NOT NULL,
    done_at       timestamptz,   -- every hazard on it has cleared
    UNIQUE (grid_id, day)
);

CREATE TABLE work_order_item (
    work_order_id bigint NOT NULL REFERENCES work_order,
    hazard_id     bigint NOT NULL REFERENCES hazard,
    PRIMARY KEY (work_order_id, hazard_id)
);
CREATE INDEX work_order_item_of ON work_order_item (hazard_id);

-- A silence of a work order: it covers the sensors on the order, and ends with it.
ALTER TABLE silence
    ADD COLUMN work_order_id bigint REFERENCES work_order,
    DROP CONSTRAINT silence_check1,
    ADD CONSTRAINT silence_covers CHECK (coalesce(sensor_id::text, grid_id, kind, work_order_id::text) IS NOT NULL);

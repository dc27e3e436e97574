-- Who looks after a sensor, when it was calibrated, what looks at it, and whether it is still out there.

ALTER TABLE sensor
    ADD COLUMN responsible_person text NOT NULL DEFAULT '',
    ADD COLUMN responsible_phone  text NOT NULL DEFAULT '',
    ADD COLUMN installed_on       date,
    ADD COLUMN calibrated_on      date,
    ADD COLUMN calibration_due_on date, -- later than this its values are trusted less
    ADD COLUMN camera_id          text CHECK (camera_id ~ '^[0-9]{20}$'), -- channel of GB/T 28181
    ADD COLUMN camera_url         text CHECK (camera_url ~ '^rtsps?://'),
    ADD COLUMN retired_at         timestamptz; -- taken out of service; its readings and hazards stay

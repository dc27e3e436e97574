-- name: of_hazards
-- The register's own date counts; before there was one it stood among the attributes.
SELECT hazard_id, sensor_id, kind, interval_s,
       coalesce(calibration_due_on::text, attributes ->> 'calibration_due') AS calibration_due,
       coalesce(graded.lag, recorded_at - raised_at) AS lag
FROM hazard JOIN sensor USING (sensor_id)
LEFT JOIN LATERAL (
    SELECT hazard_event.recorded_at - at AS lag FROM hazard_event
    WHERE hazard_event.hazard_id = hazard.hazard_id AND event IN ('raised', 'upgraded', 'downgraded')
    ORDER BY hazard_event_id DESC LIMIT 1
) AS graded ON true
WHERE hazard_id = ANY ($1::bigint[])

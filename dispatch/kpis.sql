-- name: figures
WITH led AS (
    SELECT task.incident_id, task_id, squad_id, status,
           min(event.at) FILTER (WHERE event.event = 'ordered') AS ordered_at,
           min(event.at) FILTER (WHERE event.event IN ('accepted', 'en_route', 'on_scene')) AS confirmed_at,
           min(event.at) FILTER (WHERE event.event = 'on_scene') AS arrived_at,
           min(event.at) FILTER (WHERE event.event = 'done') AS done_at,
           row_number() OVER (PARTITION BY task.incident_id ORDER BY task_id) AS place
    FROM task JOIN incident USING (incident_id) LEFT JOIN task_event AS event USING (task_id)
    WHERE lead AND squad_id IS NOT NULL AND opened_at >= $1 AND opened_at < $2 AND incident.exercise_id = 0
    -- All of it, since readers may see task and incident as views, which have no key.
    GROUP BY task.incident_id, task_id, squad_id, status
), course AS (
    SELECT incident_id, bool_or(event = 'opened' AND actor = 'engine') AS found,
           -- Filed anew or returned after a hand-back.
           max(incident_event_id) FILTER (WHERE event IN ('filed', 'returned'))
           > min(incident_event_id) FILTER (WHERE event = 'fed_back') AS returned
    FROM incident JOIN incident_event USING (incident_id)
    WHERE opened_at >= $1 AND opened_at < $2 GROUP BY incident_id
), handled AS (
    SELECT incident.incident_id, hazard_type, grid_id, opened_at, closed_at IS NOT NULL AS closed,
           count(led.task_id) > 0 AS dispatched, bool_or(done_at IS NOT NULL) AS done,
           bool_or(done_at IS NOT NULL) AND coalesce(fed_back_at, closed_at) IS NOT NULL
               AND (NOT overtime OR coalesce(appeal = 'granted', false)) AS in_time,
           coalesce(bool_or(course.found), false) AS found,
           bool_or(place = 1 AND done_at IS NOT NULL) AS right_first,
           coalesce(bool_or(course.returned), false) AS returned,
           (array_agg(squad_id ORDER BY task_id DESC))[1] AS squad_id,
           min(extract(epoch FROM confirmed_at - ordered_at)) AS confirm_s,
           min(extract(epoch FROM arrived_at - ordered_at)) AS arrive_s
    FROM incident LEFT JOIN led USING (incident_id) LEFT JOIN course USING (incident_id)
    WHERE incident.kind <> 'hub' AND opened_at >= $1 AND opened_at < $2 AND incident.exercise_id = 0
    GROUP BY incident.incident_id, hazard_type, grid_id, opened_at, closed_at, fed_back_at, overtime, appeal
)
SELECT grouped.name AS group, count(*)::integer AS incidents,
       round(count(*) FILTER (WHERE found)::numeric / count(*), 4)::float8 AS finding_rate,
       round(count(*) FILTER (WHERE done)::numeric / nullif(count(*) FILTER (WHERE dispatched), 0), 4)::float8
           AS handling_rate,
       round(count(*) FILTER (WHERE in_time)::numeric / nullif(count(*) FILTER (WHERE dispatched), 0), 4)::float8
           AS in_time_rate,
       round(count(*) FILTER (WHERE done AND closed)::numeric / nullif(count(*) FILTER (WHERE done), 0), 4)::float8
           AS closing_rate,
       round(count(*) FILTER (WHERE right_first)::numeric / nullif(count(*) FILTER (WHERE dispatched), 0), 4)::float8
           AS right_first_time_rate,
       round(count(*) FILTER (WHERE done AND returned)::numeric / nullif(count(*) FILTER (WHERE done), 0), 4)::float8
           AS return_rate,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY confirm_s::float8) AS confirm_median_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY arrive_s::float8) AS arrive_median_s
FROM handled CROSS JOIN LATERAL (SELECT CASE $3::text
    WHEN 'squad' THEN coalesce(squad_id, '') WHEN 'grid' THEN coalesce(grid_id, '') WHEN 'type' THEN hazard_type
    WHEN 'month' THEN to_char(opened_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') ELSE 'all' END AS name) AS grouped
GROUP BY grouped.name ORDER BY grouped.name

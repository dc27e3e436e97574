-- name: figures
SELECT count(*) FILTER (WHERE status = 'unassigned') AS unassigned,
       count(*) FILTER (WHERE task.open AND status <> 'unassigned') AS under_way,
       count(*) FILTER (WHERE status IN ('done', 'checked') AND $__timeFilter(updated_at)) AS done,
       count(*) FILTER (WHERE status IN ('refused', 'failed') AND $__timeFilter(updated_at)) AS refused
FROM ${world:raw}.task

-- name: step_times
-- Seconds from the order to each step, of tasks ordered in the span.
WITH step AS (
    SELECT task_id, event, min(at) AS at FROM ${world:raw}.task JOIN ${world:raw}.task_event USING (task_id)
    WHERE $__timeFilter(created_at) GROUP BY task_id, event
), ordered AS (SELECT task_id, at FROM step WHERE event = 'ordered')
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM step.at - ordered.at))
           FILTER (WHERE event = 'received') AS received_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM step.at - ordered.at))
           FILTER (WHERE event = 'accepted') AS accept_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM step.at - ordered.at))
           FILTER (WHERE event = 'on_scene') AS scene_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM step.at - ordered.at))
           FILTER (WHERE event = 'done') AS done_s
FROM step JOIN ordered USING (task_id)

-- name: by_squad
WITH step AS (
    SELECT task_id, min(at) FILTER (WHERE event = 'ordered') AS ordered,
           min(at) FILTER (WHERE event = 'accepted') AS accepted, min(at) FILTER (WHERE event = 'on_scene') AS on_scene,
           min(at) FILTER (WHERE event = 'done') AS done
    FROM ${world:raw}.task JOIN ${world:raw}.task_event USING (task_id) WHERE $__timeFilter(created_at) GROUP BY task_id
)
SELECT squad_id AS squad, squad.name_${lang:raw} AS name, count(*) AS tasks,
       count(*) FILTER (WHERE status IN ('done', 'checked')) AS done,
       count(*) FILTER (WHERE status IN ('refused', 'failed')) AS refused,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM accepted - ordered)) AS accept_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM on_scene - ordered)) AS scene_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM step.done - ordered)) AS done_s
FROM ${world:raw}.task JOIN step USING (task_id) JOIN squad USING (squad_id) GROUP BY 1, 2 ORDER BY tasks DESC, 1

-- name: per_day
SELECT date_bin(INTERVAL '1 day', created_at, TIMESTAMPTZ '2000-01-01 00:00 Asia/Shanghai') AS time,
       status AS metric, count(*)::float8 AS value
FROM ${world:raw}.task WHERE $__timeFilter(created_at) GROUP BY 1, 2 ORDER BY 1, 2

-- name: open_tasks
SELECT task_id, incident_id, incident.grade, incident.title_${lang:raw} AS title, task.squad_id AS squad, task.status,
       decision #>> '{reason,${lang:raw}}' AS reason, task.updated_at
FROM ${world:raw}.task JOIN ${world:raw}.incident USING (incident_id)
WHERE task.open ORDER BY grade, task_id LIMIT 200

-- name: courses
-- A lane for each squad: where in its task it stands, 0 between tasks.
SELECT task_event.at AS time, task.squad_id AS metric, CASE
           WHEN event IN ('ordered', 'received') THEN 1 WHEN event = 'accepted' THEN 2 WHEN event = 'en_route' THEN 3
           WHEN event IN ('on_scene', 'check_in') THEN 4 WHEN event = 'working' THEN 5 ELSE 0 END AS value
FROM ${world:raw}.task_event JOIN ${world:raw}.task USING (task_id)
WHERE $__timeFilter(task_event.at) AND squad_id IS NOT NULL AND event <> 'checked' ORDER BY 1, task_event_id

-- name: exercises
SELECT exercise_id::text AS __value,
       concat_ws(' ', exercise_id, title_${lang:raw}, to_char(started_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')) AS __text
FROM exercise WHERE exercise_id <> 0 ORDER BY exercise_id DESC LIMIT 200

-- name: held
SELECT exercise_id AS exercise_no, title_${lang:raw} AS title, drill, status, (report ->> 'score')::float8 AS score,
       (SELECT count(*) FROM jsonb_path_query(report, '$.outcomes[*] ? (@.happened == true)')) AS met,
       (SELECT count(*) FROM jsonb_path_query(report, '$.outcomes[*] ? (@.happened == false)')) AS missed,
       started_at, ended_at
FROM exercise WHERE exercise_id <> 0 AND $__timeFilter(started_at) ORDER BY exercise_id DESC LIMIT 200

-- name: result
SELECT (report ->> 'score')::float8 AS score,
       (SELECT count(*) FROM jsonb_path_query(report, '$.outcomes[*] ? (@.happened == true)')) AS met,
       (SELECT count(*) FROM jsonb_path_query(report, '$.outcomes[*] ? (@.happened == false)')) AS missed,
       (SELECT count(*) FROM incident WHERE incident.exercise_id = exercise.exercise_id) AS incidents,
       (SELECT count(*) FROM notification WHERE notification.exercise_id = exercise.exercise_id AND channel = 'mqtt'
        AND key LIKE 'order-%') AS orders,
       (SELECT count(*) FROM exercise_squad WHERE exercise_squad.exercise_id = exercise.exercise_id) AS squads
FROM exercise WHERE exercise_id::text = ${exercise:sqlstring}

-- name: step_times
WITH step AS (
    SELECT task_id, event, min(at) AS at FROM task JOIN task_event USING (task_id)
    WHERE exercise_id::text = ${exercise:sqlstring} GROUP BY task_id, event
), ordered AS (SELECT task_id, at FROM step WHERE event = 'ordered')
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM step.at - ordered.at))
           FILTER (WHERE event = 'accepted') AS accept_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM step.at - ordered.at))
           FILTER (WHERE event = 'on_scene') AS scene_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM step.at - ordered.at))
           FILTER (WHERE event = 'done') AS done_s
FROM step JOIN ordered USING (task_id)

-- name: outcomes
SELECT outcome #>> '{text,${lang:raw}}' AS outcome, CASE WHEN (outcome ->> 'happened')::boolean THEN 1 ELSE 0 END AS happened,
       outcome #>> '{reason,${lang:raw}}' AS reason
FROM exercise, jsonb_array_elements(coalesce(report -> 'outcomes', '[]')) AS outcome
WHERE exercise_id::text = ${exercise:sqlstring} ORDER BY happened

-- name: timings
SELECT timing ->> '${lang:raw}' AS step, (timing ->> 'limit_s')::float8 AS limit_s, (timing ->> 'cases')::float8 AS cases,
       (timing ->> 'in_time')::float8 AS in_time, (timing ->> 'slowest_s')::float8 AS slowest_s
FROM exercise, jsonb_array_elements(coalesce(report -> 'timings', '[]')) AS timing
WHERE exercise_id::text = ${exercise:sqlstring}

-- name: findings
SELECT finding ->> '${lang:raw}' AS reason, finding ->> 'proposal_${lang:raw}' AS proposal
FROM exercise, jsonb_array_elements(coalesce(report -> 'findings', '[]')) AS finding
WHERE exercise_id::text = ${exercise:sqlstring}

-- name: grades
-- As they went in the drill, within the span that is shown.
SELECT at AS time, code || ' ' || hazard_type AS metric, coalesce(5 - hazard_event.grade, 0) AS value
FROM hazard JOIN sensor USING (sensor_id) JOIN hazard_event USING (hazard_id)
WHERE hazard.exercise_id::text = ${exercise:sqlstring} AND $__timeFilter(at)
  AND event IN ('raised', 'upgraded', 'downgraded', 'cleared')
ORDER BY 1, hazard_event_id LIMIT 2000

-- name: incidents
SELECT incident_id, grade, title_${lang:raw} AS title, stage, opened_at, closed_at FROM incident
WHERE exercise_id::text = ${exercise:sqlstring} ORDER BY incident_id LIMIT 500

-- name: tasks
WITH step AS (
    SELECT task_id, min(at) FILTER (WHERE event = 'ordered') AS ordered,
           min(at) FILTER (WHERE event = 'accepted') AS accepted, min(at) FILTER (WHERE event = 'on_scene') AS on_scene,
           min(at) FILTER (WHERE event = 'done') AS done
    FROM task JOIN task_event USING (task_id) WHERE exercise_id::text = ${exercise:sqlstring} GROUP BY task_id
)
SELECT task_id, incident_id, squad_id AS squad, status, extract(epoch FROM accepted - ordered)::float8 AS accept_s,
       extract(epoch FROM on_scene - ordered)::float8 AS scene_s, extract(epoch FROM step.done - ordered)::float8 AS done_s
FROM task JOIN step USING (task_id) ORDER BY task_id LIMIT 500

-- name: log
SELECT at AS time, incident_id, event, actor, detail::text AS detail
FROM incident_event JOIN incident USING (incident_id)
WHERE exercise_id::text = ${exercise:sqlstring} ORDER BY incident_event_id DESC LIMIT 200

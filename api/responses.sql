-- name: response
SELECT incident_id, response.plan_id, response.grade AS planned_grade, skill, report_kind, report_due_at,
       plan.revision AS plan_revision
FROM response JOIN incident USING (incident_id) LEFT JOIN plan USING (plan_id)
WHERE incident_id = $1

-- name: roles
SELECT role.role, role.skill, role.title_zh, role.title_en, role.lead, role.confined_space, latest.task_id,
       latest.squad_id, latest.status
FROM response_role AS role LEFT JOIN LATERAL (
    SELECT task_id, squad_id, status FROM task
    WHERE task.incident_id = role.incident_id AND task.role = role.role ORDER BY task_id DESC LIMIT 1
) AS latest ON true
WHERE role.incident_id = $1
ORDER BY role.lead DESC, role.role

-- name: materials
-- By store, since more may be issued from one than was reserved there.
SELECT item, sum(reserved)::integer AS reserved, sum(issued)::integer AS issued
FROM (
    SELECT item, greatest(0, sum(CASE what WHEN 'reserved' THEN amount WHEN 'released' THEN -amount
                                 WHEN 'issued' THEN -amount ELSE 0 END)) AS reserved,
           sum(CASE what WHEN 'issued' THEN amount WHEN 'returned' THEN -amount ELSE 0 END) AS issued
    FROM stock_entry WHERE incident_id = $1 GROUP BY store_id, item
) AS by_store
GROUP BY item ORDER BY item

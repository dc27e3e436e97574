-- Of an incident that was closed or merged before a squad could be found, the open task is cancelled.
ALTER TABLE task DROP CONSTRAINT task_check;
ALTER TABLE task ADD CONSTRAINT task_squad CHECK (
    CASE status WHEN 'unassigned' THEN squad_id IS NULL WHEN 'cancelled' THEN true ELSE squad_id IS NOT NULL END);

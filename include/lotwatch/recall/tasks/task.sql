-- How does this task stand?
SELECT
    task.task_id,
    recalled.code AS case_code,
    task.kind,
    task.place_id,
    task.site_id,
    task.state,
    task.acknowledged_at IS NOT NULL AS acknowledged
FROM lotwatch.recall_task AS task
INNER JOIN lotwatch.recall_case AS recalled ON task.case_id = recalled.case_id
WHERE task.task_id = %(task_id)s;

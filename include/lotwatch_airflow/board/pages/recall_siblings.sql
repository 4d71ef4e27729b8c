-- What else is to be done at the place of this task, for the same case?
SELECT
    other.task_id,
    other.kind,
    other.state
FROM lotwatch.recall_task AS task
INNER JOIN lotwatch.recall_task AS other ON task.case_id = other.case_id AND task.place_id = other.place_id
WHERE task.task_id = %(task)s AND other.state <> 'cancelled'
ORDER BY other.task_id

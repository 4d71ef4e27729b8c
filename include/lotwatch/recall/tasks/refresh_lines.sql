-- Forget the lines of tasks that nobody has begun: they are made anew.
DELETE FROM lotwatch.recall_task_line AS line
USING lotwatch.recall_task AS task
WHERE
    line.task_id = task.task_id AND task.case_id = %(case_id)s
    AND task.state <> 'done' AND task.acknowledged_at IS NULL
    AND NOT EXISTS (
        SELECT FROM lotwatch.recall_find AS find
        WHERE find.task_id = task.task_id
    );

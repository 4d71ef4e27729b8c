-- Somebody has the task.
UPDATE lotwatch.recall_task SET acknowledged_at = %(at)s, acknowledged_by = %(by)s
WHERE task_id = %(task_id)s AND acknowledged_at IS NULL;

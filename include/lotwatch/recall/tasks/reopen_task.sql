-- The task goes on.
UPDATE lotwatch.recall_task SET state = 'open', done_at = NULL, done_by = NULL
WHERE task_id = %(task_id)s;

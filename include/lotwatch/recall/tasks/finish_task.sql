-- The task is done.
UPDATE lotwatch.recall_task SET state = 'done', done_at = %(at)s, done_by = %(by)s, note = %(note)s
WHERE task_id = %(task_id)s;

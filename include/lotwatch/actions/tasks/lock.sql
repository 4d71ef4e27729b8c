-- Nobody else closes it until the transaction ends.
SELECT FROM lotwatch.task
WHERE task_id = %(task_id)s
FOR UPDATE;

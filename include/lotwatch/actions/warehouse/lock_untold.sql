-- Who sends a pick or transfer looks at the holds under the lock of its task: then either they see the hold, or the hold sees
-- that it is being sent.
SELECT task.warehouse_task_id
FROM lotwatch.warehouse_task AS task
WHERE task.state = 'requested' AND task.kind IN ('pick', 'transfer', 'priority')
ORDER BY task.warehouse_task_id
FOR UPDATE;

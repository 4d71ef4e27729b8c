-- How far is a task, which nobody changes until the transaction ends?
SELECT task.state FROM lotwatch.warehouse_task AS task
WHERE task.warehouse_task_id = %(task_id)s
FOR UPDATE;

-- Of which open tasks is all the stock gone?
SELECT progress.task_id
FROM lotwatch.task_progress AS progress
GROUP BY progress.task_id
HAVING bool_and(progress.gone >= progress.quantity)
ORDER BY progress.task_id;

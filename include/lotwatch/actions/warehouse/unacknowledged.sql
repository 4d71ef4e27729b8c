-- What has a warehouse been told and not said to be done, the oldest first?
SELECT
    warehouse_task_id,
    reference,
    kind
FROM lotwatch.warehouse_task
WHERE warehouse = %(warehouse)s AND state = 'written'
ORDER BY warehouse_task_id
LIMIT %(limit)s;

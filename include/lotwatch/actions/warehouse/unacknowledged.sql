-- What has a warehouse been told and not said to be done, the oldest first? Not what is being called back.
SELECT
    task.warehouse_task_id,
    task.reference,
    task.kind
FROM lotwatch.warehouse_task AS task
WHERE
    task.warehouse = %(warehouse)s AND task.state = 'written'
    AND NOT EXISTS (
        SELECT FROM lotwatch.called_back AS back
        WHERE back.warehouse_task_id = task.warehouse_task_id AND back.call_back_state IN ('requested', 'written')
    )
ORDER BY task.warehouse_task_id
LIMIT %(limit)s;

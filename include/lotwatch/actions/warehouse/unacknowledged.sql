-- What has a warehouse been told and not said to be done, the oldest first? Not what is being called back.
SELECT
    task.warehouse_task_id,
    task.reference,
    task.kind
FROM lotwatch.warehouse_task AS task
WHERE
    task.warehouse = %(warehouse)s AND task.state = 'written'
    AND NOT EXISTS (
        SELECT FROM lotwatch.warehouse_task AS back
        WHERE
            back.kind = 'call_back' AND back.state IN ('requested', 'written') AND back.warehouse = task.warehouse
            AND (
                back.calls_back_task_id = task.warehouse_task_id
                OR (task.kind = 'pick' AND back.demand_order_key = task.demand_order_key)
            )
    )
ORDER BY task.warehouse_task_id
LIMIT %(limit)s;

-- What a call-back that is done has taken back is cancelled.
UPDATE lotwatch.warehouse_task AS told SET state = 'cancelled'
FROM lotwatch.warehouse_task AS back
WHERE
    back.warehouse_task_id = %(task_id)s AND back.kind = 'call_back' AND back.state = 'acknowledged'
    AND told.warehouse = back.warehouse AND told.warehouse_task_id < back.warehouse_task_id
    AND told.state IN ('requested', 'written', 'acknowledged')
    AND (
        told.warehouse_task_id = back.calls_back_task_id
        OR (told.kind = 'pick' AND told.demand_order_key = back.demand_order_key)
    )
RETURNING told.warehouse_task_id;

-- What a call-back that is done has taken back is cancelled.
UPDATE lotwatch.warehouse_task AS told SET state = 'cancelled'
FROM lotwatch.called_back AS back
WHERE
    back.call_back_id = %(task_id)s AND back.call_back_state = 'acknowledged'
    AND told.warehouse_task_id = back.warehouse_task_id AND told.warehouse_task_id < back.call_back_id
    AND told.state IN ('requested', 'written', 'acknowledged')
RETURNING told.warehouse_task_id;

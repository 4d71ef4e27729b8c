-- What was asked for a hold that is released meanwhile is wanted no more.
UPDATE lotwatch.warehouse_task AS task SET state = 'cancelled'
FROM lotwatch.hold AS hold
WHERE
    task.warehouse_task_id = %(task_id)s AND task.kind IN ('hold', 'call_back') AND task.state = 'requested'
    AND hold.hold_id = task.hold_id AND hold.released_at IS NOT NULL;

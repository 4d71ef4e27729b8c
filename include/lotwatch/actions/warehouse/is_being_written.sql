-- Is a worker writing just now what is to be called back, or another pick for the same order? It has locked the row of the outbox.
SELECT count(*) > 0
FROM (
    SELECT
        back.warehouse_task_id,
        back.state
    FROM lotwatch.called_back AS back
    WHERE back.call_back_id = %(task_id)s
    UNION
    SELECT
        other.warehouse_task_id,
        other.state
    FROM lotwatch.warehouse_task AS task
    INNER JOIN lotwatch.warehouse_task AS other
        ON
            task.warehouse = other.warehouse AND task.demand_order_key = other.demand_order_key
            AND task.warehouse_task_id <> other.warehouse_task_id
    WHERE task.warehouse_task_id = %(task_id)s AND task.kind = 'pick' AND other.kind = 'pick'
) AS concerned
INNER JOIN lotwatch.outbox AS queued ON queued.idempotency_key = 'warehouse_task:' || concerned.warehouse_task_id
WHERE
    concerned.state = 'requested' AND queued.state = 'unclear'
    AND NOT pg_try_advisory_xact_lock(hashtextextended('lotwatch.outbox', queued.outbox_id));

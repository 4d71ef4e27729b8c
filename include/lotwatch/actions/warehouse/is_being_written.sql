-- Is a worker writing just now what is to be called back? It has locked the row of the outbox.
SELECT count(*) > 0
FROM lotwatch.warehouse_task AS back
INNER JOIN lotwatch.warehouse_task AS told
    ON
        back.warehouse = told.warehouse
        AND (
            back.calls_back_task_id = told.warehouse_task_id
            OR (told.kind = 'pick' AND back.demand_order_key = told.demand_order_key)
        )
INNER JOIN lotwatch.outbox AS queued ON queued.idempotency_key = 'warehouse_task:' || told.warehouse_task_id
WHERE
    back.warehouse_task_id = %(task_id)s AND back.kind = 'call_back' AND told.state = 'requested'
    AND queued.state = 'unclear'
    AND NOT pg_try_advisory_xact_lock(hashtextextended('lotwatch.outbox', queued.outbox_id));

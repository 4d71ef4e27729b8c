-- Is a worker writing just now what is to be called back? It has locked the row of the outbox.
SELECT count(*) > 0
FROM lotwatch.called_back AS back
INNER JOIN lotwatch.outbox AS queued ON queued.idempotency_key = 'warehouse_task:' || back.warehouse_task_id
WHERE
    back.call_back_id = %(task_id)s AND back.state = 'requested' AND queued.state = 'unclear'
    AND NOT pg_try_advisory_xact_lock(hashtextextended('lotwatch.outbox', queued.outbox_id));

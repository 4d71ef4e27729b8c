-- A task of which nothing is left is not written.
UPDATE lotwatch.warehouse_task SET state = 'cancelled'
WHERE
    warehouse_task_id = %(task_id)s AND state = 'requested'
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.warehouse_task_line AS asked
        WHERE asked.warehouse_task_id = warehouse_task.warehouse_task_id
    );

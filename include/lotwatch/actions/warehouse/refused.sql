-- The warehouse says no, or nothing more is tried.
UPDATE lotwatch.warehouse_task SET state = 'refused', error = %(reason)s
WHERE warehouse_task_id = %(task_id)s
RETURNING
    reference,
    kind,
    hold_id;

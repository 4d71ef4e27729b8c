-- The warehouse says that it is done. By our own clock: a pull that began later has read what it did.
UPDATE lotwatch.warehouse_task
SET
    state = 'acknowledged',
    their_number = %(number)s,
    their_state = %(their_state)s,
    written_at = coalesce(written_at, %(as_of)s),
    acknowledged_at = clock_timestamp()
WHERE warehouse_task_id = %(task_id)s AND state IN ('requested', 'written')
RETURNING
    reference,
    kind,
    hold_id;

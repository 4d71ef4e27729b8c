-- The warehouse has it.
UPDATE lotwatch.warehouse_task
SET
    state = 'written',
    their_number = %(number)s,
    their_state = %(their_state)s,
    written_at = coalesce(written_at, %(as_of)s)
WHERE
    warehouse_task_id = %(task_id)s
    AND (state = 'requested' OR (state = 'written' AND their_state IS DISTINCT FROM %(their_state)s));

-- It is done, or will not be done.
UPDATE lotwatch.task
SET
    state = %(state)s,
    closed_at = %(as_of)s,
    closed_by = %(closed_by)s,
    note = %(note)s,
    evidence = %(evidence)s,
    answers = %(answers)s
WHERE task_id = %(task_id)s;

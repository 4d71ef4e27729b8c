-- What the guards let through waits for an answer from this run.
UPDATE lotwatch.proposal SET
    state = 'waiting',
    asked_by_run = %(run_id)s,
    asked_step = %(step)s,
    asked_at = %(as_of)s,
    asked_number = NULL,
    ask_until = %(ask_until)s,
    deputies_told_at = NULL
WHERE proposal_id = %(proposal_id)s AND state = 'proposed'
RETURNING code;

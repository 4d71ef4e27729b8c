-- What this run asked for is to be asked again.
UPDATE lotwatch.proposal SET
    state = 'proposed',
    asked_by_run = NULL,
    ask_until = NULL,
    asked_step = NULL,
    asked_at = NULL,
    asked_number = NULL
WHERE proposal_id = %(proposal_id)s AND state = 'waiting' AND asked_by_run = %(run_id)s;

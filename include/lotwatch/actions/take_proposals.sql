-- What the guards let through waits for an answer from this run.
UPDATE lotwatch.proposal SET state = 'waiting', asked_by_run = %(run_id)s, ask_until = %(ask_until)s
WHERE proposal_id = %(proposal_id)s AND state = 'proposed'
RETURNING code;

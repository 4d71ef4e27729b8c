-- What does this run wait for?
SELECT proposal_id FROM lotwatch.proposal
WHERE state = 'waiting' AND asked_by_run = %(run_id)s
ORDER BY proposal_id;

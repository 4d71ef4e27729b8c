-- How far an approved proposal has come.
UPDATE lotwatch.proposal SET state = %(state)s
WHERE proposal_id = %(proposal_id)s;

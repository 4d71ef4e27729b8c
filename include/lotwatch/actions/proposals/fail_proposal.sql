-- The order could not be sent: a person must look.
UPDATE lotwatch.proposal SET state = 'failed'
WHERE proposal_id = %(proposal_id)s
RETURNING code;

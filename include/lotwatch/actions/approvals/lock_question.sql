-- Nobody else answers or changes a proposal at the same time.
SELECT 1 FROM lotwatch.proposal
WHERE proposal_id = %(proposal_id)s FOR UPDATE;

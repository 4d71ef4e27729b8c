-- The policy that applies to a proposal, and the steps it asks for.
UPDATE lotwatch.proposal SET policy_id = %(policy_id)s, steps = %(steps)s
WHERE proposal_id = %(proposal_id)s;

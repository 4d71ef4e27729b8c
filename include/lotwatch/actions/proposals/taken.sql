-- The supplier has the change; the ERP has not yet.
UPDATE lotwatch.proposal SET state = 'sending', portal_confirmation = %(confirmation)s
WHERE proposal_id = %(proposal_id)s;

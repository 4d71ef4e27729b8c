-- The portal has the order.
UPDATE lotwatch.proposal SET state = 'sent', portal_confirmation = %(confirmation)s
WHERE proposal_id = %(proposal_id)s;

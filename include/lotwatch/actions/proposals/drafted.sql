-- The ERP has the draft.
UPDATE lotwatch.proposal SET state = 'sending', erp_number = %(erp_number)s
WHERE proposal_id = %(proposal_id)s;

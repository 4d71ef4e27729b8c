-- Who raised a quantity of a proposal?
SELECT DISTINCT changed_by FROM lotwatch.proposal_revision
WHERE proposal_id = %(proposal_id)s AND raised;

-- What was decided on an order?
SELECT decision FROM lotwatch.approval
WHERE proposal_id = %(proposal_id)s;

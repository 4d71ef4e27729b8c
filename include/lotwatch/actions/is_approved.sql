-- Did a person approve this order? The sender believes this row alone.
SELECT decided_by FROM lotwatch.approval
WHERE proposal_id = %(proposal_id)s AND decision = 'approved' AND decided_by IS NOT NULL;

-- What a warehouse says of a task is how far the proposal behind it has come.
UPDATE lotwatch.proposal AS proposal
SET state = %(state)s, erp_number = coalesce(task.their_number, proposal.erp_number)
FROM lotwatch.warehouse_task AS task
WHERE
    task.warehouse_task_id = %(task_id)s AND proposal.proposal_id = task.proposal_id
    AND proposal.state IN ('approved', 'sending', 'sent') AND proposal.state <> %(state)s;

-- Nothing of ours is affected, and nothing is left to look at: there is nothing to do.
UPDATE lotwatch.recall_case SET state = 'closed', closed_at = %(as_of)s, closed_by = %(actor)s
WHERE case_id = %(case_id)s AND state = 'open';

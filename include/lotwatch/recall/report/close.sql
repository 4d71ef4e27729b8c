-- The case is over.
UPDATE lotwatch.recall_case SET state = 'closed', closed_at = %(at)s, closed_by = %(by)s
WHERE case_id = %(case_id)s;

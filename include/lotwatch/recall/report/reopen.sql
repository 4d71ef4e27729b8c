-- The case goes on.
UPDATE lotwatch.recall_case SET state = 'open', closed_at = NULL, closed_by = NULL, reopened = reopened + 1
WHERE case_id = %(case_id)s;

-- Its first holds are in force.
UPDATE lotwatch.recall_case SET held_at = %(as_of)s
WHERE case_id = %(case_id)s AND held_at IS NULL;

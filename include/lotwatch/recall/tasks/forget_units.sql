-- What was located before is to be located anew.
DELETE FROM lotwatch.recall_unit
WHERE case_id = %(case_id)s;

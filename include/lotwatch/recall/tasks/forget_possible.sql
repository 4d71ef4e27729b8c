-- What was possibly used is to be looked for anew.
DELETE FROM lotwatch.recall_unit
WHERE case_id = %(case_id)s AND whereabouts = 'possible';

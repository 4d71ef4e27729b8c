-- A batch that is judged again is looked at anew.
DELETE FROM lotwatch.validation
WHERE batch_id = %(batch_id)s;

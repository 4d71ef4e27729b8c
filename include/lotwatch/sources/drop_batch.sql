-- A batch that has not been one.
DELETE FROM lotwatch.batch
WHERE batch_id = %(batch_id)s;

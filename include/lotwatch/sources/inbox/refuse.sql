-- A body that cannot be read at all stays here with the reason, in no batch.
UPDATE lotwatch.inbox SET batch_id = NULL, error = %(error)s
WHERE inbox_id = %(inbox_id)s;

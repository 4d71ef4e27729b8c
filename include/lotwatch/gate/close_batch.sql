-- The gate's word on the batch.
UPDATE lotwatch.batch
SET state = %(state)s, counts = counts || %(counts)s, error = %(error)s
WHERE batch_id = %(batch_id)s;

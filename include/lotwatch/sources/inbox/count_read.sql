-- What was read into the batch, in records by entity.
UPDATE lotwatch.batch SET counts = %(counts)s
WHERE batch_id = %(batch_id)s;

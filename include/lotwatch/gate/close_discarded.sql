-- Nothing of the batch goes on.
UPDATE lotwatch.batch
SET state = 'discarded', told = true
WHERE batch_id = %(batch_id)s;

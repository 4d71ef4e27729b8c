-- The batch is in the ledger.
UPDATE lotwatch.batch SET state = 'posted'
WHERE batch_id = %(batch_id)s;

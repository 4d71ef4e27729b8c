-- Whoever asked for the batch to be judged has seen what was found.
UPDATE lotwatch.batch SET told = true
WHERE batch_id = %(batch_id)s;

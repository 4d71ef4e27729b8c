-- Too much waits for the referee already: this batch is judged by SQL alone.
UPDATE lotwatch.batch SET unrefereed = TRUE
WHERE batch_id = %(batch_id)s;

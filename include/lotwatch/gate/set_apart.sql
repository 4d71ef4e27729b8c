-- A batch that nothing takes up: its rows are looked at, and dropped.
UPDATE lotwatch.batch SET state = 'posted'
WHERE batch_id = %(batch_id)s;

-- Which batches of a source wait in this state, oldest first? Those that it pushed, those that were read, or all.
SELECT batch_id FROM lotwatch.batch
WHERE source = %(source)s AND state = %(state)s AND (%(pushed)s::boolean IS NULL OR pushed = %(pushed)s)
ORDER BY batch_id;

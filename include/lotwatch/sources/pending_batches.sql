-- Which batches of a source wait in this state, oldest first?
SELECT batch_id FROM lotwatch.batch
WHERE source = %(source)s AND state = %(state)s
ORDER BY batch_id;

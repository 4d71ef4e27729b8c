-- Which batches of its own did a referee that was killed leave behind?
SELECT batch_id FROM lotwatch.batch
WHERE source = %(source)s AND dag_id = %(dag_id)s AND NOT pushed;

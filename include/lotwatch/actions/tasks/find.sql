-- Which task has this reference?
SELECT task_id FROM lotwatch.task
WHERE reference = %(reference)s;

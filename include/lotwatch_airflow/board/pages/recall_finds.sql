-- What was scanned for a task, the latest first?
SELECT
    find.find_id,
    find.said,
    find.outcome,
    find.standing,
    find.quantity,
    find.note,
    find.found_at,
    find.found_by
FROM lotwatch.recall_find AS find
WHERE find.task_id = %(task)s
ORDER BY find.find_id DESC
LIMIT 200

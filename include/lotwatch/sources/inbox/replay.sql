-- These bodies wait once more. Which of them are there?
UPDATE lotwatch.inbox SET taken_at = NULL, announced_at = NULL, batch_id = NULL, error = NULL
WHERE inbox_id = ANY(%(ids)s)
RETURNING inbox_id, source, event_id;

-- Which checks are late, and have placed no hold and told nobody of it yet?
SELECT task.task_id
FROM lotwatch.task AS task
WHERE
    task.state = 'open' AND task.kind = 'check' AND task.deadline < %(as_of)s::timestamptz
    AND task.reminded_at IS NULL
ORDER BY task.task_id;

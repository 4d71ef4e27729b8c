-- A task without lines is not needed, unless it is none of the books, nor one of a kind that is asked for no more and nobody
-- has begun; one that got lines again, or new ones after it was done, is open.
WITH line AS (
    SELECT
        task.task_id,
        task.state,
        task.kind = ANY(%(kinds)s::text[]) OR task.kind = 'follow_up' OR task.acknowledged_at IS NOT NULL AS is_asked,
        EXISTS(
            SELECT FROM lotwatch.recall_task_line AS expected
            WHERE expected.task_id = task.task_id
        ) AS has_lines,
        EXISTS(
            SELECT FROM lotwatch.recall_find AS find
            WHERE find.task_id = task.task_id
        ) AS has_finds
    FROM lotwatch.recall_task AS task
    WHERE task.case_id = %(case_id)s AND task.kind <> 'effectiveness'
)

UPDATE lotwatch.recall_task AS task
SET state = CASE WHEN line.has_finds OR (line.has_lines AND line.is_asked) THEN 'open' ELSE 'cancelled' END
FROM line
WHERE
    task.task_id = line.task_id
    AND (
        (line.state = 'open' AND NOT (line.has_lines AND line.is_asked) AND NOT line.has_finds)
        OR (line.state = 'cancelled' AND line.has_lines AND line.is_asked)
    );

-- Of which sources do bodies wait that nobody was told of lately? They are told of now.
WITH due AS (
    SELECT w.inbox_id
    FROM lotwatch.inbox AS w
    WHERE
        w.taken_at IS NULL
        AND (w.announced_at IS NULL OR w.announced_at < now() - make_interval(secs => %(again_after)s))
    ORDER BY w.inbox_id
    LIMIT 10000
    FOR UPDATE SKIP LOCKED
),

told AS (
    UPDATE lotwatch.inbox AS i SET announced_at = now()
    FROM due
    WHERE i.inbox_id = due.inbox_id
    RETURNING i.source
)

SELECT DISTINCT told.source FROM told
ORDER BY told.source;

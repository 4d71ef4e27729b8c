-- The source's next bodies, the oldest first, until they make up a batch: they are taken into it.
WITH waiting AS (
    SELECT
        w.inbox_id,
        w.events,
        octet_length(w.body) AS size
    FROM lotwatch.inbox AS w
    WHERE w.source = %(source)s AND w.taken_at IS NULL
    ORDER BY w.inbox_id
    LIMIT %(bodies)s
    FOR UPDATE
),

counted AS (
    SELECT
        waiting.inbox_id,
        sum(waiting.events) OVER earlier AS events_before,
        sum(waiting.size) OVER earlier AS bytes_before
    FROM waiting
    WINDOW earlier AS (ORDER BY waiting.inbox_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)

UPDATE lotwatch.inbox AS i SET taken_at = now(), batch_id = %(batch_id)s
FROM counted
WHERE
    i.inbox_id = counted.inbox_id
    AND coalesce(counted.events_before, 0) < %(events)s AND coalesce(counted.bytes_before, 0) < %(bytes)s
RETURNING i.inbox_id, i.event_id, i.media, i.body;

-- What was received, the newest first?
SELECT
    i.inbox_id,
    i.source,
    i.event_id,
    i.key_id,
    i.received_at,
    i.media,
    i.events,
    octet_length(i.body) AS size,
    i.taken_at,
    i.batch_id,
    b.state AS batch_state,
    i.error
FROM lotwatch.inbox AS i
LEFT JOIN lotwatch.batch AS b ON b.batch_id = i.batch_id
WHERE
    (%(source)s::text IS NULL OR i.source = %(source)s)
    AND (%(inbox_id)s::bigint IS NULL OR i.inbox_id = %(inbox_id)s)
    AND (NOT %(unreadable)s OR i.error IS NOT NULL)
    AND (NOT %(waiting)s OR i.taken_at IS NULL)
ORDER BY i.inbox_id DESC
LIMIT %(limit)s;

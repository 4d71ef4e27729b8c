-- How many events of the source `events` are posted, how many wait or could not be read, how many were kept?
SELECT
    posted.number AS posted,
    kept.waiting,
    kept.events AS kept
FROM (
    SELECT count(*) AS number
    FROM lotwatch.movement_source
    WHERE source = 'events'
) AS posted
CROSS JOIN (
    SELECT
        coalesce(sum(i.events) FILTER (WHERE i.taken_at IS NULL OR i.error IS NOT NULL), 0)::bigint AS waiting,
        coalesce(sum(i.events), 0)::bigint AS events
    FROM lotwatch.inbox AS i
) AS kept;

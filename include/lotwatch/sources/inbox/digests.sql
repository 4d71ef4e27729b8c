-- What was received under these ids?
SELECT
    i.source,
    i.event_id,
    i.digest
FROM lotwatch.inbox AS i
INNER JOIN unnest(%(source)s::text[], %(event_id)s::text[]) AS asked (source, event_id)
    ON i.source = asked.source AND i.event_id = asked.event_id;

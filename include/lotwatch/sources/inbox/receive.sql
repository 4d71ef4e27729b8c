-- Keep these bodies, each id of a source once. Which of them are new?
INSERT INTO lotwatch.inbox (source, event_id, key_id, media, events, digest, body)
SELECT
    b.source,
    b.event_id,
    b.key_id,
    b.media,
    b.events,
    b.digest,
    b.body
FROM
    unnest(
        %(source)s::text[], %(event_id)s::text[], %(key_id)s::text[], %(media)s::text[], %(events)s::integer[],
        %(digest)s::bytea[], %(body)s::bytea[]
    ) WITH ORDINALITY AS b (source, event_id, key_id, media, events, digest, body, place)
ORDER BY b.place
ON CONFLICT (source, event_id) DO NOTHING
RETURNING source, event_id;

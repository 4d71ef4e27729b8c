-- Make the delivery of a message to one subscriber by one channel, once; no row: it was made before.
WITH made AS (
    INSERT INTO lotwatch.outbox (kind, idempotency_key, payload, state, not_before)
    VALUES ('message_delivery', %(key)s, '{}', %(state)s, coalesce(%(until)s::timestamptz, clock_timestamp()))
    ON CONFLICT (idempotency_key) DO NOTHING
    RETURNING outbox_id
)

INSERT INTO lotwatch.message_delivery (
    outbox_id, message_id, subscriber, channel, lang, template, severity, released_at
)
SELECT
    made.outbox_id,
    %(message_id)s,
    %(subscriber)s,
    %(channel)s,
    %(lang)s,
    %(template)s,
    %(severity)s,
    %(released_at)s
FROM made;

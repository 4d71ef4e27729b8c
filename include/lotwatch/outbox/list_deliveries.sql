-- Which deliveries of messages are there, the latest first?
SELECT
    delivery.outbox_id,
    delivery.message_id,
    row.created_at,
    delivery.severity,
    delivery.template,
    delivery.subscriber,
    delivery.channel,
    row.state,
    row.attempts,
    row.last_error
FROM lotwatch.message_delivery AS delivery
INNER JOIN lotwatch.outbox AS row ON delivery.outbox_id = row.outbox_id
WHERE
    (%(message_id)s::bigint IS NULL OR delivery.message_id = %(message_id)s)
    AND (%(state)s::text IS NULL OR row.state = %(state)s)
    AND (%(subscriber)s::text IS NULL OR delivery.subscriber = %(subscriber)s)
ORDER BY delivery.outbox_id DESC
LIMIT %(most)s;

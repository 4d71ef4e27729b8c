-- Which message goes to whom by which channel in this row, and by which channels did it go before?
SELECT
    delivery.outbox_id,
    delivery.message_id,
    message.idempotency_key AS message_key,
    message.payload,
    delivery.subscriber,
    delivery.channel,
    delivery.lang,
    delivery.template,
    delivery.severity,
    ARRAY(
        SELECT other.channel FROM lotwatch.message_delivery AS other
        WHERE other.message_id = delivery.message_id AND other.subscriber = delivery.subscriber
    ) AS tried
FROM lotwatch.message_delivery AS delivery
INNER JOIN lotwatch.outbox AS message ON delivery.message_id = message.outbox_id
WHERE delivery.outbox_id = %(outbox_id)s;

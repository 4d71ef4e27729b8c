-- Which messages told of an alert, to whom by which channel, and did they arrive?
SELECT
    delivery.outbox_id,
    delivery.subscriber,
    delivery.channel,
    delivery.gathered_in,
    row.state,
    row.attempts,
    row.last_error,
    row.not_before,
    row.sent_at
FROM lotwatch.outbox AS told
INNER JOIN lotwatch.message_delivery AS delivery ON told.outbox_id = delivery.message_id
INNER JOIN lotwatch.outbox AS row ON delivery.outbox_id = row.outbox_id
WHERE told.kind = 'message' AND told.payload -> 'alerts' @> to_jsonb(%(alert)s::bigint)
ORDER BY delivery.outbox_id DESC
LIMIT 50

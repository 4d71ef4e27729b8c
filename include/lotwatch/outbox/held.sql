-- What is held for this subscriber and due by then?
SELECT
    row.outbox_id,
    delivery.message_id,
    delivery.severity,
    message.payload ? 'proposal_id' AS alone
FROM lotwatch.outbox AS row
INNER JOIN lotwatch.message_delivery AS delivery ON row.outbox_id = delivery.outbox_id
INNER JOIN lotwatch.outbox AS message ON delivery.message_id = message.outbox_id
WHERE row.state = 'held' AND row.not_before <= %(as_of)s AND delivery.subscriber = %(subscriber)s
ORDER BY row.outbox_id
FOR UPDATE OF row;

-- For whom are messages held that are due by then?
SELECT DISTINCT delivery.subscriber
FROM lotwatch.outbox AS row
INNER JOIN lotwatch.message_delivery AS delivery ON row.outbox_id = delivery.outbox_id
WHERE row.state = 'held' AND row.not_before <= %(as_of)s
ORDER BY delivery.subscriber;

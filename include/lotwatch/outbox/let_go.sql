-- What was held goes by itself.
WITH gone AS (
    UPDATE lotwatch.outbox SET state = 'waiting', not_before = clock_timestamp()
    WHERE outbox_id = %(outbox_id)s AND state = 'held'
    RETURNING outbox_id
)

UPDATE lotwatch.message_delivery AS delivery SET released_at = %(as_of)s
FROM gone
WHERE delivery.outbox_id = gone.outbox_id;

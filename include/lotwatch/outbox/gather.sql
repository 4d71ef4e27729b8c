-- What was held goes with this digest.
WITH gone AS (
    UPDATE lotwatch.outbox SET state = 'gathered'
    WHERE outbox_id = any(%(rows)s::bigint[]) AND state = 'held'
    RETURNING outbox_id
)

UPDATE lotwatch.message_delivery AS delivery SET gathered_in = %(digest_id)s
FROM gone
WHERE delivery.outbox_id = gone.outbox_id;

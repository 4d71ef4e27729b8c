-- Take the next row that is due, and mark it as unclear before anything is sent: what is killed now is looked up later.
UPDATE lotwatch.outbox AS row
SET
    state = 'unclear',
    attempts = row.attempts + 1,
    not_before = clock_timestamp() + make_interval(secs => %(lease)s)
FROM (
    SELECT
        outbox_id,
        state
    FROM lotwatch.outbox
    WHERE state IN ('waiting', 'unclear') AND not_before <= clock_timestamp()
    ORDER BY not_before, outbox_id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
) AS due
WHERE row.outbox_id = due.outbox_id
RETURNING
    row.outbox_id,
    row.kind,
    row.idempotency_key,
    row.payload,
    row.attempts,
    due.state = 'unclear' AS look_first;

-- Nothing was tried: the row is as it was before it was claimed, and due again later.
UPDATE lotwatch.outbox
SET
    state = CASE WHEN %(look_first)s THEN 'unclear' ELSE 'waiting' END,
    attempts = attempts - 1,
    last_error = %(why)s,
    not_before = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE outbox_id = %(outbox_id)s;

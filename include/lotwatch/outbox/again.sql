-- Try again later.
UPDATE lotwatch.outbox
SET
    state = %(state)s,
    last_error = %(error)s,
    not_before = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE outbox_id = %(outbox_id)s;

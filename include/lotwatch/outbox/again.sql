-- Try again later; `untried`: nothing was tried this time, so it does not count.
UPDATE lotwatch.outbox
SET
    state = %(state)s,
    last_error = %(error)s,
    attempts = attempts - %(untried)s::boolean::integer,
    not_before = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE outbox_id = %(outbox_id)s;

-- Nothing more is tried for this row.
UPDATE lotwatch.outbox SET state = %(state)s, last_error = %(error)s
WHERE outbox_id = %(outbox_id)s;

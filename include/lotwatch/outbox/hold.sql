-- Hold these on, until then.
UPDATE lotwatch.outbox SET not_before = %(until)s
WHERE outbox_id = any(%(rows)s::bigint[]) AND state = 'held';

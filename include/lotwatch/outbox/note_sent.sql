-- One language of a message is out.
UPDATE lotwatch.outbox SET payload = %(payload)s
WHERE outbox_id = %(outbox_id)s;

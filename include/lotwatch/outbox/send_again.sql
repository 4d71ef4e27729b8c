-- A person has a delivery sent that was given up, or that came back; no row: it was not one of those.
UPDATE lotwatch.outbox SET state = 'waiting', attempts = 0, not_before = clock_timestamp()
WHERE outbox_id = %(outbox_id)s AND kind = 'message_delivery' AND state IN ('failed', 'bounced', 'refused');

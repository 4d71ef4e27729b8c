-- The recipient has it.
UPDATE lotwatch.outbox SET state = 'sent', response = %(response)s, sent_at = now(), last_error = NULL
WHERE idempotency_key = %(key)s;

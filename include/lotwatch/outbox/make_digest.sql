-- A message that says what others say: its one delivery is made with it.
INSERT INTO lotwatch.outbox (kind, idempotency_key, payload, state, sent_at)
VALUES ('message', %(key)s, %(payload)s, 'sent', now())
RETURNING outbox_id;

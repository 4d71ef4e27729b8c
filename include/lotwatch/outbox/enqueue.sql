-- Put one thing to be sent into the outbox, once for its key.
INSERT INTO lotwatch.outbox (kind, idempotency_key, payload)
VALUES (%(kind)s, %(key)s, %(payload)s)
ON CONFLICT (idempotency_key) DO NOTHING;

-- Wake whoever listens, once the transaction is committed.
SELECT pg_notify(%(channel)s, '');

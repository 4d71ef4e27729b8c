-- Wake whoever listens for notices, once the transaction is committed.
SELECT pg_notify(%(channel)s, '');

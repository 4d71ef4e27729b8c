-- One pull of a source at a time: the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('lotwatch.source.' || %(source)s, 0));

-- One change at a time: the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('lotwatch.change_set', 0));

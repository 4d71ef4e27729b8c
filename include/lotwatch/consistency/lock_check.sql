-- One run of a check at a time: the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('lotwatch.check.' || %(check_id)s, 0));

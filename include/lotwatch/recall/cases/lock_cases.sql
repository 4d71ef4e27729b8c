-- One at a time decides what is recalled: two would open a case twice. The lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('lotwatch.recall_cases', 0));

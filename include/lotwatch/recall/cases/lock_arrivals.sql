-- No case is opened while this transaction adds stock, and it sees those that were: whichever comes second knows of the other.
SELECT pg_advisory_xact_lock_shared(hashtextextended('lotwatch.recall_cases', 0));

-- The gate of a source for this transaction: no run of it judges meanwhile.
SELECT pg_advisory_xact_lock(hashtextextended('lotwatch.gate.' || %(source)s, 0));

-- The next gate of the source may go on.
SELECT pg_advisory_unlock(hashtextextended('lotwatch.gate.' || %(source)s, 0));

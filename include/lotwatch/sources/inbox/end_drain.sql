-- The source's inbox may be read by others again.
SELECT pg_advisory_unlock(hashtextextended('lotwatch.inbox.' || %(source)s, 0));

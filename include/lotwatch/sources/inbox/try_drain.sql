-- One reader of a source's inbox at a time; false when there is another.
SELECT pg_try_advisory_lock(hashtextextended('lotwatch.inbox.' || %(source)s, 0));

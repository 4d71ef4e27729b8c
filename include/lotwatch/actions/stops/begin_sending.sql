-- From here until `end_sending` no stop comes in between.
SELECT pg_advisory_lock_shared(hashtextextended('lotwatch.stops', 0));

-- What is decided about a subscriber's messages is decided by one worker at a time, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('lotwatch.subscriber ' || %(subscriber)s, 0));

-- What has begun to be sent ends first; nothing new begins until this transaction has.
SELECT pg_advisory_xact_lock(hashtextextended('lotwatch.stops', 0));

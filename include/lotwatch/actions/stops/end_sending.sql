-- It was sent, or not: stops may come.
SELECT pg_advisory_unlock_shared(hashtextextended('lotwatch.stops', 0));

-- This worker is done with the row.
SELECT pg_advisory_unlock(hashtextextended('lotwatch.outbox', %(outbox_id)s));

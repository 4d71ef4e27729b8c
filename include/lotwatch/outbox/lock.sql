-- Is no slower worker still sending this row? Then it is this session's until it is released.
SELECT pg_try_advisory_lock(hashtextextended('lotwatch.outbox', %(outbox_id)s));

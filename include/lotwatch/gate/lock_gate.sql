-- One gate for a source at a time. Held by the session, because the gate commits as it goes; given up when it ends or dies.
SELECT pg_advisory_lock(hashtextextended('lotwatch.gate.' || %(source)s, 0));

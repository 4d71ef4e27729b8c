-- Proposals are made and guarded one at a time, so that no two count the same need or budget.
SELECT pg_advisory_xact_lock(hashtextextended('lotwatch.proposals', 0));

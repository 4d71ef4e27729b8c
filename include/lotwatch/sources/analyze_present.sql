-- The planner has not seen the keys yet.
ANALYZE present;

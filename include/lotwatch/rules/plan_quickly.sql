-- Until the transaction ends, plan for few rows: to plan for them takes longer than to read them. The order of four tables at a
-- time is tried, and no lookup is expected to be found again.
SELECT
    set_config('from_collapse_limit', '4', true),
    set_config('join_collapse_limit', '4', true),
    set_config('enable_memoize', 'off', true);

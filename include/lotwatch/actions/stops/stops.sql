-- Which stops are in force, and with "lifted" also which were? The newest first.
SELECT
    stop_switch_id AS number,
    scope,
    key,
    reason,
    set_by,
    set_at,
    lifted_by,
    lifted_at
FROM lotwatch.stop_switch
WHERE lifted_at IS NULL OR %(lifted)s
ORDER BY set_at DESC, stop_switch_id DESC
LIMIT 200;

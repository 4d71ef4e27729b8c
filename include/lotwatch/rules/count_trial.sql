-- How many findings come, go and stay, for each rule and severity?
SELECT
    rule_id,
    coalesce(severity, was) AS severity,
    count(*) FILTER (WHERE became = 'new') AS new,
    count(*) FILTER (WHERE became = 'gone') AS gone,
    count(*) FILTER (WHERE became = 'same') AS same
FROM trial
GROUP BY rule_id, coalesce(severity, was)
ORDER BY rule_id, array_position(ARRAY['critical', 'warning', 'info'], coalesce(severity, was));

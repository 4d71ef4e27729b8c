-- Which subjects are these? Those that change first, then the most severe.
SELECT *
FROM trial
ORDER BY
    array_position(ARRAY['new', 'gone', 'same'], became),
    array_position(ARRAY['critical', 'warning', 'info'], coalesce(severity, was)),
    rule_id,
    subject_key
LIMIT %(limit)s;

-- How many alerts are open, by severity, and how many cannot be trusted until their data leaves quarantine?
SELECT
    count(*) FILTER (WHERE state = 'open' AND severity = 'critical') AS critical,
    count(*) FILTER (WHERE state = 'open' AND severity = 'warning') AS warning,
    count(*) FILTER (WHERE state = 'open' AND severity = 'info') AS info,
    count(*) FILTER (WHERE state = 'suppressed') AS suppressed
FROM lotwatch.alert
WHERE state <> 'resolved'

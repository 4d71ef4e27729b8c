-- How many findings has each rule, how bad, and of how many cannot it be told because data is in quarantine?
SELECT
    rule_id,
    count(*) AS fired,
    count(*) FILTER (WHERE severity = 'critical') AS critical,
    count(*) FILTER (WHERE severity = 'warning') AS warning,
    count(*) FILTER (WHERE severity = 'info') AS info,
    count(*) FILTER (WHERE in_quarantine) AS suppressed
FROM finding
WHERE fires
GROUP BY rule_id;

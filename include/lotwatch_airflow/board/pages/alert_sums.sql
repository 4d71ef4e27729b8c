-- What do these alerts come to, rule by rule?
SELECT
    rule_id,
    count(*) AS alerts,
    count(*) FILTER (WHERE severity = 'critical') AS critical
FROM listed
GROUP BY rule_id

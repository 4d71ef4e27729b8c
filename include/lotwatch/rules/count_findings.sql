-- How many findings has each rule?
SELECT
    rule_id,
    count(*) AS findings
FROM finding
WHERE fires
GROUP BY rule_id
ORDER BY rule_id;

-- How many staged rows of the batch break each rule?
SELECT f.rule, count(*)
FROM stage.{entity} AS s
CROSS JOIN LATERAL unnest(s.errors || s.warnings) AS f (rule)
WHERE s.batch_id = %(batch_id)s
GROUP BY f.rule;

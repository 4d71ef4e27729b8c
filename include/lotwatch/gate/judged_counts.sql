-- How many of the judged rows of an entity were found to break each rule, by suites as they are now?
SELECT f.rule, count(*)
FROM lotwatch.judged_row AS j
CROSS JOIN LATERAL unnest(j.rules) AS f (rule)
WHERE j.batch_id = ANY (%(batch_ids)s) AND j.entity = %(entity_name)s
GROUP BY f.rule;

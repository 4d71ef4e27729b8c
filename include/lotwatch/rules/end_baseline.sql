-- Their first evaluation is done.
DELETE FROM lotwatch.rule_baseline
WHERE rule_id = ANY(%(rules)s::text[]);

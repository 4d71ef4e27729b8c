-- Of how many rules was what they now say not evaluated over everything since that moment?
SELECT count(*)
FROM unnest(%(rules)s::text[], %(versions)s::text[]) AS rule (rule_id, rule_version)
LEFT JOIN lotwatch.swept_rule AS swept
    ON rule.rule_id = swept.rule_id AND rule.rule_version = swept.rule_version AND swept.as_of > %(since)s
WHERE swept.rule_id IS NULL;

-- What do these versions of rules say?
SELECT kept.body
FROM unnest(%(rules)s::text[], %(versions)s::text[]) AS wanted (rule_id, version)
INNER JOIN lotwatch.rule_version AS kept
    ON wanted.rule_id = kept.rule_id AND wanted.version = kept.version
ORDER BY kept.rule_id;

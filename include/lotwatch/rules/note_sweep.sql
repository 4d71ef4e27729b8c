-- These rules were evaluated over everything.
INSERT INTO lotwatch.swept_rule AS known (rule_id, rule_version, as_of)
SELECT
    swept.rule_id,
    swept.rule_version,
    %(as_of)s
FROM unnest(%(rules)s::text[], %(versions)s::text[]) AS swept (rule_id, rule_version)
ON CONFLICT (rule_id) DO UPDATE SET
    rule_version = excluded.rule_version,
    as_of = greatest(known.as_of, excluded.as_of);

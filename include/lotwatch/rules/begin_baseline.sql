-- What these rules find first was so before they went live.
INSERT INTO lotwatch.rule_baseline (rule_id, change_set_id)
SELECT
    rule_id,
    %(change_set_id)s
FROM unnest(%(rules)s::text[]) AS coming (rule_id)
ON CONFLICT (rule_id) DO UPDATE SET change_set_id = excluded.change_set_id;

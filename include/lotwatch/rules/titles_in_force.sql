-- What are the rules in force called in a language?
SELECT
    kept.rule_id,
    kept.body -> 'title' ->> %(lang)s AS title
FROM (
    SELECT content
    FROM lotwatch.change_set
    WHERE kind = 'rules' AND decision = 'activated'
    ORDER BY decided_at DESC, change_set_id DESC
    LIMIT 1
) AS in_force
CROSS JOIN jsonb_each_text(in_force.content) AS wanted (rule_id, version)
INNER JOIN lotwatch.rule_version AS kept
    ON wanted.rule_id = kept.rule_id AND wanted.version = kept.version;

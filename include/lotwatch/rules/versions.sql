-- Which texts had a rule, and which of them is in force?
WITH in_force AS (
    SELECT content
    FROM lotwatch.change_set
    WHERE kind = 'rules' AND decision = 'activated'
    ORDER BY decided_at DESC, change_set_id DESC
    LIMIT 1
)

SELECT
    kept.rule_id,
    kept.version,
    kept.text,
    kept.submitted_at,
    coalesce(kept.version = (SELECT in_force.content ->> kept.rule_id FROM in_force), FALSE) AS active
FROM lotwatch.rule_version AS kept
WHERE kept.rule_id = %(rule_id)s
ORDER BY kept.submitted_at DESC, kept.version
LIMIT %(limit)s;

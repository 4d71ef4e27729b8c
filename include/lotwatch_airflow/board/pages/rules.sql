-- Which rules are in force, and how many alerts does each have open, of what may be seen?
WITH in_force AS (
    SELECT kept.content
    FROM lotwatch.change_set AS kept
    WHERE kept.kind = 'rules' AND kept.decision = 'activated'
    ORDER BY kept.decided_at DESC, kept.change_set_id DESC
    LIMIT 1
),

open_alert AS (
    SELECT
        alert.rule_id,
        count(*) AS alerts,
        count(*) FILTER (WHERE alert.severity = 'critical') AS critical
    FROM lotwatch.alert AS alert
    WHERE alert.state <> 'resolved'
    GROUP BY alert.rule_id
)

SELECT
    version.rule_id,
    version.pack,
    version.body,
    version.submitted_at,
    coalesce(version.body ->> 'mode', 'alert') AS mode,
    coalesce(open_alert.alerts, 0) AS alerts,
    coalesce(open_alert.critical, 0) AS critical
FROM in_force
CROSS JOIN LATERAL jsonb_each_text(in_force.content) AS active (rule_id, version)
INNER JOIN lotwatch.rule_version AS version
    ON active.rule_id = version.rule_id AND active.version = version.version
LEFT JOIN open_alert ON version.rule_id = open_alert.rule_id
WHERE
    (%(rule)s::text IS NULL OR version.rule_id = %(rule)s)
    AND (%(pack)s::text IS NULL OR version.pack = %(pack)s)
    AND (%(mode)s::text IS NULL OR coalesce(version.body ->> 'mode', 'alert') = %(mode)s)
    AND (%(text)s::text IS NULL OR position(lower(%(text)s) IN lower(version.text)) > 0)

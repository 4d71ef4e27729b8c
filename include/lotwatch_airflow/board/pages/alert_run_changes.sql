-- What did a run do to alerts? Of a backfilled one: what would that day have shown, of which no alert was made?
SELECT
    change.audit_event_id AS number,
    CASE change.action WHEN 'alert reopened' THEN 'recurred' ELSE replace(change.action, 'alert ', '') END AS kind,
    alert.alert_id,
    alert.rule_id,
    alert.severity,
    CASE alert.severity WHEN 'critical' THEN 3 WHEN 'warning' THEN 2 ELSE 1 END AS severity_rank,
    alert.subject_key,
    alert.subject,
    coalesce(change.evidence, '{}'::jsonb) AS evidence
FROM lotwatch.alert_change AS change
INNER JOIN lotwatch.alert AS alert ON change.alert_id = alert.alert_id
WHERE
    change.dag_id = %(dag)s AND change.run_id = %(run)s
    AND (%(rule)s::text IS NULL OR alert.rule_id = %(rule)s)
UNION ALL
SELECT
    NULL AS number,
    'backfilled' AS kind,
    NULL AS alert_id,
    finding.rule_id,
    finding.severity,
    CASE finding.severity WHEN 'critical' THEN 3 WHEN 'warning' THEN 2 ELSE 1 END AS severity_rank,
    finding.subject_key,
    '{}'::jsonb AS subject,
    finding.evidence
FROM lotwatch.backfilled_finding AS finding
WHERE
    finding.dag_id = %(dag)s AND finding.run_id = %(run)s
    AND (%(rule)s::text IS NULL OR finding.rule_id = %(rule)s)

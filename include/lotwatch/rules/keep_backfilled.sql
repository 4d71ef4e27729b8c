-- What would have been alerted on that day. Clearing and running again replaces nothing that was found.
INSERT INTO lotwatch.backfilled_finding (dag_id, run_id, rule_id, subject_key, as_of, severity, evidence)
SELECT
    %(dag_id)s,
    %(run_id)s,
    finding.rule_id,
    finding.subject_key,
    %(as_of)s,
    finding.severity,
    finding.evidence
FROM finding
WHERE finding.fires
ON CONFLICT (dag_id, run_id, rule_id, subject_key) DO NOTHING;

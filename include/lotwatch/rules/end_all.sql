-- Alerts of the evaluated rules that nothing was found for: they have ended, unless data that would tell is in quarantine.
INSERT INTO finding (
    rule_id, rule_version, subject_kind, subject_key, severity, subject, evidence, in_quarantine, fires
)
SELECT
    known.rule_id,
    known.rule_version,
    known.subject_kind,
    known.subject_key,
    known.severity,
    known.subject,
    known.evidence,
    waiting.item_code IS NOT NULL,
    NULL
FROM lotwatch.alert AS known
LEFT JOIN finding ON known.rule_id = finding.rule_id AND known.subject_key = finding.subject_key
LEFT JOIN (SELECT DISTINCT item_code FROM lotwatch.item_in_quarantine) AS waiting
    ON known.subject ->> 'item_code' = waiting.item_code
WHERE
    known.rule_id = ANY(%(rules)s::text[]) AND known.state <> 'resolved'
    AND finding.rule_id IS NULL;

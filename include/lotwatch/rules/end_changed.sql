-- As `end_all.sql`, among the alerts about items and sites that changed, and about no item.
WITH concerned AS (
    SELECT known.*
    FROM lotwatch.changed_item_site AS changed
    INNER JOIN lotwatch.alert AS known ON changed.item_id = known.item_id AND changed.site_id = known.site_id
    WHERE known.state <> 'resolved'
    UNION ALL
    SELECT known.*
    FROM lotwatch.changed_item AS changed
    INNER JOIN lotwatch.alert AS known ON changed.item_id = known.item_id
    WHERE known.site_id IS NULL AND known.state <> 'resolved'
    UNION ALL
    SELECT known.*
    FROM lotwatch.alert AS known
    WHERE known.item_id IS NULL AND known.state <> 'resolved'
)

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
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = known.subject ->> 'item_code'
    ),
    NULL
FROM concerned AS known
LEFT JOIN finding ON known.rule_id = finding.rule_id AND known.subject_key = finding.subject_key
WHERE known.rule_id = ANY(%(rules)s::text[]) AND finding.rule_id IS NULL;

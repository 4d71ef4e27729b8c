-- noqa: disable=all
-- What do all rules about a subject find? Most facts concern no rule: they are left out before findings are made of them.
-- Of what does not fire but keeps an alert from ending, nobody asks for the values.
SELECT
    finding.rule_id,
    finding.rule_version,
    {subject} AS subject_kind,
    fact.subject_key,
    finding.severity,
    CASE WHEN finding.fires THEN {shown} END AS subject,
    finding.evidence,
    fact.data_in_quarantine AS in_quarantine,
    finding.fires,
    finding.variant,
    finding.shadow
FROM {view} AS fact
CROSS JOIN LATERAL (SELECT * FROM ({arms}) AS arm) AS finding
WHERE {concerned}

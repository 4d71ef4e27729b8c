-- By which text of which rule was an alert raised, and on what values?
SELECT
    rule_id,
    rule_version,
    variant,
    subject_key,
    evidence
FROM lotwatch.alert
WHERE alert_id = %(alert_id)s;

-- Which open alerts was nobody told of yet? From now on somebody was.
WITH told AS (
    UPDATE lotwatch.alert SET notified_at = %(as_of)s
    WHERE state = 'open' AND notified_at IS NULL
    RETURNING rule_id, subject_key, severity, evidence
)

SELECT
    rule_id,
    subject_key,
    severity,
    evidence
FROM told
ORDER BY array_position(ARRAY['critical', 'warning', 'info'], severity), rule_id, subject_key;

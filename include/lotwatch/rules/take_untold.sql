-- Which open alerts was nobody told of yet? From now on somebody was.
WITH told AS (
    UPDATE lotwatch.alert SET notified_at = %(as_of)s
    WHERE state = 'open' AND notified_at IS NULL AND NOT baseline
    RETURNING *
)

SELECT
    alert_id,
    rule_id,
    subject_kind,
    subject_key,
    severity,
    subject,
    evidence,
    first_seen,
    recurrences,
    escalations,
    variant
FROM told
ORDER BY array_position(ARRAY['critical', 'warning', 'info'], severity), rule_id, subject_key;

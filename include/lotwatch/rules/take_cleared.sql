-- Which critical alerts that somebody was told of have ended since then? They count as told of no more.
WITH cleared AS (
    UPDATE lotwatch.alert SET notified_at = NULL
    WHERE state = 'resolved' AND severity = 'critical' AND notified_at IS NOT NULL AND resolved_at > %(since)s
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
FROM cleared
ORDER BY rule_id, subject_key;

-- Which alerts were told so long ago, or escalated so long ago, that somebody further up must hear of them? They count as
-- escalated from now on.
WITH waiting AS (
    SELECT
        rule.rule_id,
        rule.variant,
        %(as_of)s::timestamptz - rule.patience AS told_until
    FROM unnest(%(rules)s::text[], %(variants)s::integer[], %(after)s::interval[]) AS rule (rule_id, variant, patience)
),

due AS (
    SELECT alert.alert_id
    FROM waiting
    INNER JOIN lotwatch.alert AS alert ON waiting.rule_id = alert.rule_id AND waiting.variant = alert.variant
    WHERE
        alert.state = 'open'
        AND alert.notified_at IS NOT NULL
        AND coalesce(alert.escalated_at, alert.notified_at) <= waiting.told_until
        AND alert.escalations < 3 -- as the index has it
    ORDER BY alert.alert_id
    FOR NO KEY UPDATE OF alert SKIP LOCKED -- somebody is doing something with it
),

escalated AS (
    UPDATE lotwatch.alert AS alert
    SET escalations = alert.escalations + 1, escalated_at = %(as_of)s
    FROM due
    WHERE alert.alert_id = due.alert_id
    RETURNING alert.*
),

noted AS (
    INSERT INTO lotwatch.alert_event (alert_id, kind, actor, as_of)
    SELECT
        escalated.alert_id,
        'escalated',
        'clock',
        %(as_of)s
    FROM escalated
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
FROM escalated
ORDER BY array_position(ARRAY['critical', 'warning', 'info'], severity), rule_id, subject_key;

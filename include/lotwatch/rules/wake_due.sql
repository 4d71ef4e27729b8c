-- Which alerts have slept long enough? They are open again, and nobody was told.
WITH due AS (
    SELECT alert_id
    FROM lotwatch.alert
    WHERE state = 'snoozed' AND snoozed_until <= %(as_of)s
    ORDER BY alert_id
    FOR NO KEY UPDATE SKIP LOCKED -- by somebody who does something else with it; the next minute sees
),

woken AS (
    UPDATE lotwatch.alert AS alert
    SET
        state = 'open',
        snoozed_until = NULL,
        acknowledged_at = NULL,
        acknowledged_by = NULL,
        notified_at = NULL,
        escalations = 0,
        escalated_at = NULL
    FROM due
    WHERE alert.alert_id = due.alert_id
    RETURNING alert.alert_id
)

INSERT INTO lotwatch.alert_event (alert_id, kind, actor, as_of)
SELECT
    woken.alert_id,
    'woken',
    'clock',
    %(as_of)s
FROM woken
RETURNING alert_id;

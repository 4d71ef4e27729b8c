-- Take these alerts back to where nobody has them and nobody was told of them.
WITH taken AS (
    SELECT alert_id
    FROM lotwatch.alert
    WHERE alert_id = any(%(alerts)s::bigint[]) AND state = any(%(states)s::text[])
    ORDER BY alert_id
    FOR NO KEY UPDATE
),

changed AS (
    UPDATE lotwatch.alert AS alert
    SET
        state = 'open',
        acknowledged_at = NULL,
        acknowledged_by = NULL,
        snoozed_until = NULL,
        owner = NULL,
        notified_at = NULL,
        escalations = 0,
        escalated_at = NULL
    FROM taken
    WHERE alert.alert_id = taken.alert_id
    RETURNING alert.alert_id
)

INSERT INTO lotwatch.alert_event (alert_id, kind, actor, as_of, note)
SELECT
    changed.alert_id,
    %(kind)s,
    %(actor)s,
    %(as_of)s,
    %(note)s
FROM changed
RETURNING alert_id;

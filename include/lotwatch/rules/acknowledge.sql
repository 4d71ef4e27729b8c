-- Who takes these alerts on? The first who asks: what is acknowledged already is left alone, and not returned.
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
        state = 'acknowledged',
        acknowledged_at = %(as_of)s,
        acknowledged_by = %(actor)s,
        owner = coalesce(alert.owner, %(actor)s),
        snoozed_until = NULL
    FROM taken
    WHERE alert.alert_id = taken.alert_id
    RETURNING
        alert.alert_id,
        -- of a clock that was set back nothing negative is kept
        greatest(%(as_of)s - coalesce(alert.notified_at, alert.first_seen), interval '0') AS waited
)

INSERT INTO lotwatch.alert_event (alert_id, kind, actor, as_of, note, waited)
SELECT
    changed.alert_id,
    %(kind)s,
    %(actor)s,
    %(as_of)s,
    %(note)s,
    changed.waited
FROM changed
RETURNING alert_id;

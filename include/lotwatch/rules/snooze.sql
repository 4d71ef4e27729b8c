-- Let these alerts sleep until a moment; the last word counts.
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
        state = 'snoozed',
        snoozed_until = %(until)s
    FROM taken
    WHERE alert.alert_id = taken.alert_id
    RETURNING alert.alert_id
)

INSERT INTO lotwatch.alert_event (alert_id, kind, actor, as_of, note, until)
SELECT
    changed.alert_id,
    %(kind)s,
    %(actor)s,
    %(as_of)s,
    %(note)s,
    %(until)s
FROM changed
RETURNING alert_id;

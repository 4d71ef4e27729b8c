-- Write down what somebody said of these alerts.
INSERT INTO lotwatch.alert_event (alert_id, kind, actor, as_of, note)
SELECT
    alert.alert_id,
    %(kind)s,
    %(actor)s,
    %(as_of)s,
    %(note)s
FROM lotwatch.alert AS alert
WHERE alert.alert_id = any(%(alerts)s::bigint[]) AND alert.state = any(%(states)s::text[])
RETURNING alert_id;

-- What did people, and the clock, do with an alert?
SELECT
    kind,
    actor,
    as_of,
    note,
    until,
    owner
FROM lotwatch.alert_event
WHERE alert_id = %(alert)s
ORDER BY alert_event_id;

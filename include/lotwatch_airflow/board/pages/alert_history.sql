-- What became of an alert: what its rule did with it, and what people and the clock did?
SELECT
    coalesce(change.as_of, change.recorded_at) AS as_of,
    change.recorded_at,
    CASE change.action WHEN 'alert reopened' THEN 'recurred' ELSE replace(change.action, 'alert ', '') END AS kind,
    NULL AS actor,
    NULL AS note,
    NULL::timestamptz AS until,
    NULL AS owner,
    change.evidence,
    change.dag_id,
    change.run_id
FROM lotwatch.alert_change AS change
WHERE change.alert_id = %(alert)s
UNION ALL
SELECT
    event.as_of,
    event.recorded_at,
    event.kind,
    event.actor,
    event.note,
    event.until,
    event.owner,
    NULL AS evidence,
    NULL AS dag_id,
    NULL AS run_id
FROM lotwatch.alert_event AS event
WHERE event.alert_id = %(alert)s
ORDER BY recorded_at, as_of

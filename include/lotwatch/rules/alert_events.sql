-- What became of an alert: what did its rule do with it, in which run, and what did people and the clock?
SELECT
    happened.kind,
    happened.actor,
    happened.as_of,
    happened.note,
    happened.until,
    happened.owner
FROM (
    SELECT
        CASE change.action WHEN 'alert reopened' THEN 'recurred' ELSE replace(change.action, 'alert ', '') END AS kind,
        concat_ws(' ', change.dag_id, change.run_id) AS actor,
        coalesce(change.as_of, change.recorded_at) AS as_of,
        NULL AS note,
        NULL::timestamptz AS until,
        NULL AS owner,
        change.recorded_at,
        NULL::bigint AS number
    FROM lotwatch.alert_change AS change
    WHERE change.alert_id = %(alert)s
    UNION ALL
    SELECT
        event.kind,
        event.actor,
        event.as_of,
        event.note,
        event.until,
        event.owner,
        event.recorded_at,
        event.alert_event_id AS number
    FROM lotwatch.alert_event AS event
    WHERE event.alert_id = %(alert)s
) AS happened
ORDER BY happened.recorded_at, happened.number NULLS FIRST;

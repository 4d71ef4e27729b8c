-- Which unresolved alerts match the filters? An item's code finds that item alone; other text is searched for.
SELECT
    alert.alert_id,
    alert.rule_id,
    alert.severity,
    CASE alert.severity WHEN 'critical' THEN 3 WHEN 'warning' THEN 2 ELSE 1 END AS severity_rank,
    alert.state,
    alert.subject_kind,
    alert.subject_key,
    alert.subject,
    alert.evidence,
    alert.first_seen,
    alert.last_seen,
    alert.recurrences,
    alert.subject ->> 'item_code' AS item_code,
    alert.subject ->> 'item_name' AS item_name,
    alert.subject ->> 'site_code' AS site_code,
    site.name AS site_name,
    site.time_zone
FROM lotwatch.alert AS alert
LEFT JOIN lotwatch.location AS site ON site.code = alert.subject ->> 'site_code'
WHERE
    CASE WHEN %(state)s = 'all' THEN alert.state <> 'resolved' ELSE alert.state = %(state)s END
    AND (%(severity)s::text IS NULL OR alert.severity = %(severity)s)
    AND (%(rule)s::text IS NULL OR alert.rule_id = %(rule)s)
    AND (%(site)s::text IS NULL OR alert.subject ->> 'site_code' = %(site)s)
    AND (
        %(text)s::text IS NULL
        OR strpos(lower(alert.subject_key), lower(%(text)s)) > 0
        OR strpos(lower(alert.subject ->> 'item_name'), lower(%(text)s)) > 0
    )

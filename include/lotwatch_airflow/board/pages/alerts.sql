-- Which alerts match the filters? Of items and suppliers a code is enough, or a part of the name; '-' is none at all.
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
    alert.resolved_at,
    alert.recurrences,
    alert.baseline,
    alert.owner,
    alert.acknowledged_at,
    alert.acknowledged_by,
    alert.snoozed_until,
    alert.notified_at,
    alert.escalations,
    alert.escalated_at,
    alert.subject ->> 'item_code' AS item_code,
    alert.subject ->> 'item_name' AS item_name,
    alert.subject ->> 'lot_number' AS lot_number,
    alert.subject ->> 'category' AS category,
    alert.subject ->> 'supplier_code' AS supplier_code,
    alert.subject ->> 'supplier_name' AS supplier_name,
    alert.subject ->> 'region' AS region,
    alert.subject ->> 'site_code' AS site_code,
    alert.subject ->> 'site_id' AS site_id,
    site.name AS site_name,
    site.time_zone
FROM lotwatch.alert AS alert
LEFT JOIN lotwatch.location AS site ON site.code = alert.subject ->> 'site_code'
WHERE
    CASE
        WHEN %(alerts)s::bigint[] IS NOT NULL THEN alert.alert_id = any(%(alerts)s)
        WHEN %(state)s = 'all' THEN alert.state <> 'resolved'
        ELSE alert.state = %(state)s
    END
    AND (%(severity)s::text IS NULL OR alert.severity = %(severity)s)
    AND (%(rule)s::text IS NULL OR alert.rule_id = %(rule)s)
    AND (%(region)s::text IS NULL OR alert.subject ->> 'region' = %(region)s)
    AND CASE %(site)s::text
        WHEN '-' THEN alert.subject ->> 'site_code' IS NULL
        ELSE alert.subject ->> 'site_code' = %(site)s OR %(site)s IS NULL
    END
    AND (%(category)s::text IS NULL OR lower(alert.subject ->> 'category') = lower(%(category)s))
    AND CASE %(supplier)s::text
        WHEN '-' THEN alert.subject ->> 'supplier_code' IS NULL
        ELSE
            alert.subject ->> 'supplier_code' = %(supplier)s
            OR strpos(lower(alert.subject ->> 'supplier_name'), lower(%(supplier)s)) > 0
            OR %(supplier)s IS NULL
    END
    AND (
        %(item)s::text IS NULL
        OR alert.subject ->> 'item_code' = %(item)s
        OR strpos(lower(alert.subject ->> 'item_name'), lower(%(item)s)) > 0
    )
    AND (
        %(lot)s::text IS NULL
        OR strpos(
            lower(concat_ws(' ', alert.subject ->> 'serial_number', alert.subject ->> 'lot_number')), lower(%(lot)s)
        ) > 0
    )
    AND CASE %(owner)s::text WHEN '-' THEN alert.owner IS NULL ELSE alert.owner = %(owner)s OR %(owner)s IS NULL END
    AND (%(seen_since)s::timestamptz IS NULL OR alert.first_seen >= %(seen_since)s)
    AND (%(seen_until)s::timestamptz IS NULL OR alert.first_seen < %(seen_until)s)
    AND (NOT %(baseline)s OR alert.baseline)
    AND (NOT %(escalated)s OR alert.escalations > 0)
    AND (
        %(text)s::text IS NULL
        OR strpos(
            lower(concat_ws(
                ' ', alert.subject_key, alert.subject ->> 'item_code', alert.subject ->> 'item_name',
                alert.subject ->> 'lot_number', alert.subject ->> 'serial_number', alert.subject ->> 'supplier_name'
            )),
            lower(%(text)s)
        ) > 0
    )

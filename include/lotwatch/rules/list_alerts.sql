-- Which alerts match, the most severe and the newest first? One that is named by its number is shown whatever its state.
SELECT
    alert_id,
    rule_id,
    subject_kind,
    subject_key,
    severity,
    subject,
    evidence,
    first_seen,
    recurrences,
    escalations,
    variant,
    state,
    last_seen,
    resolved_at,
    owner,
    acknowledged_at,
    acknowledged_by,
    snoozed_until,
    escalated_at,
    baseline
FROM lotwatch.alert
WHERE
    CASE
        WHEN %(alert)s::bigint IS NOT NULL THEN alert_id = %(alert)s
        WHEN %(state)s::text IS NULL THEN state <> 'resolved'
        ELSE state = %(state)s
    END
    AND (%(severity)s::text IS NULL OR severity = %(severity)s)
    AND (%(rule)s::text IS NULL OR rule_id = %(rule)s)
    AND (%(site)s::text IS NULL OR subject ->> 'site_code' = %(site)s)
    AND (%(item)s::text IS NULL OR subject ->> 'item_code' = %(item)s)
    AND (%(owner)s::text IS NULL OR owner = %(owner)s)
    AND (
        %(text)s::text IS NULL
        OR strpos(lower(concat_ws(' ', subject_key, subject ->> 'item_name', subject ->> 'supplier_name')), lower(%(text)s)) > 0
    )
ORDER BY
    CASE severity WHEN 'critical' THEN 3 WHEN 'warning' THEN 2 ELSE 1 END DESC NULLS LAST,
    first_seen DESC NULLS LAST,
    alert_id DESC NULLS LAST
LIMIT %(limit)s;

-- Which records may not flow on, and why? One of them is shown in whatever state it is.
SELECT
    quarantine.quarantine_id,
    quarantine.source,
    quarantine.entity,
    quarantine.source_key,
    quarantine.item_code,
    quarantine.state,
    quarantine.rules,
    CASE WHEN %(language)s = 'zh' THEN coalesce(quarantine.reasons_zh, quarantine.reasons) ELSE quarantine.reasons END AS reasons,
    quarantine.record,
    quarantine.raw,
    quarantine.first_batch_id,
    quarantine.last_batch_id,
    quarantine.first_seen,
    quarantine.last_seen
FROM lotwatch.quarantine AS quarantine
WHERE
    (quarantine.state = 'open' OR quarantine.quarantine_id = %(record)s::bigint)
    AND (%(record)s::bigint IS NULL OR quarantine.quarantine_id = %(record)s)
    AND (%(source)s::text IS NULL OR quarantine.source = %(source)s)
    AND (%(entity)s::text IS NULL OR quarantine.entity = %(entity)s)
    AND (%(rule)s::text IS NULL OR %(rule)s = ANY(quarantine.rules))
    AND (%(batch)s::bigint IS NULL OR %(batch)s IN (quarantine.first_batch_id, quarantine.last_batch_id))
    AND (
        %(text)s::text IS NULL
        OR strpos(lower(quarantine.source_key), lower(%(text)s)) > 0
        OR strpos(lower(quarantine.item_code), lower(%(text)s)) > 0
        OR strpos(lower(array_to_string(quarantine.reasons || quarantine.reasons_zh, ' ')), lower(%(text)s)) > 0
    )

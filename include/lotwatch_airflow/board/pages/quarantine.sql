-- Which records may not flow on, and why?
SELECT
    quarantine_id,
    source,
    entity,
    source_key,
    item_code,
    rules,
    reasons,
    record,
    raw,
    first_seen,
    last_seen
FROM lotwatch.quarantine
WHERE
    state = 'open'
    AND (%(source)s::text IS NULL OR source = %(source)s)
    AND (
        %(text)s::text IS NULL
        OR strpos(lower(source_key), lower(%(text)s)) > 0
        OR strpos(lower(item_code), lower(%(text)s)) > 0
        OR strpos(lower(array_to_string(reasons, ' ')), lower(%(text)s)) > 0
    )

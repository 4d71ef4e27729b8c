-- Which records wait in quarantine, newest first?
SELECT
    quarantine_id,
    source,
    entity,
    source_key,
    reasons
FROM lotwatch.quarantine
WHERE
    state = 'open'
    AND (%(source)s::text IS NULL OR source = %(source)s::text)
    AND (%(entity)s::text IS NULL OR entity = %(entity)s::text)
    AND (%(rule)s::text IS NULL OR %(rule)s = ANY (rules))
ORDER BY quarantine_id DESC
LIMIT %(limit)s;

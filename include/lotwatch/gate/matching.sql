-- Which open rows of quarantine are meant, source by source in the order in which they came?
-- A record that could not be mapped has nothing to replay unless it is corrected.
SELECT q.quarantine_id, q.source
FROM lotwatch.quarantine AS q
WHERE
    q.state = 'open'
    AND (NOT %(mapped)s OR q.record IS NOT NULL OR q.quarantine_id = ANY (%(corrected_ids)s::bigint []))
    AND (%(ids)s::bigint [] IS NULL OR q.quarantine_id = ANY (%(ids)s::bigint []))
    AND (%(source)s::text IS NULL OR q.source = %(source)s)
    AND (%(entity)s::text IS NULL OR q.entity = %(entity)s)
    AND (%(rule)s::text IS NULL OR %(rule)s = ANY (q.rules))
ORDER BY q.source, q.quarantine_id;

-- Which open rows of quarantine were asked for? Locked, so that each is replayed by one at a time.
-- A record that could not be mapped has nothing to replay unless it is corrected.
SELECT q.quarantine_id, q.source, q.entity, q.record
FROM lotwatch.quarantine AS q
WHERE
    q.state = 'open'
    AND (q.record IS NOT NULL OR %(corrected)s OR q.quarantine_id = ANY (%(corrected_ids)s::bigint []))
    AND q.quarantine_id = ANY (%(ids)s::bigint [])
ORDER BY q.source, q.entity, q.quarantine_id
FOR UPDATE;

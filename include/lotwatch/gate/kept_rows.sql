-- These records of quarantine, whole.
SELECT
    q.quarantine_id, q.source, q.entity, q.source_key, q.item_code, q.state, q.rules, q.reasons, q.record, q.raw,
    q.first_batch_id, q.last_batch_id, q.first_seen, q.last_seen
FROM lotwatch.quarantine AS q
WHERE q.quarantine_id = ANY (%(ids)s::bigint [])
ORDER BY q.quarantine_id;

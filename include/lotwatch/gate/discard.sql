-- Records that a person does not want: kept as they were read, and no more waiting.
UPDATE lotwatch.quarantine AS q
SET state = 'discarded', last_seen = now()
WHERE q.state = 'open' AND q.quarantine_id = ANY (%(ids)s::bigint [])
RETURNING q.quarantine_id, q.source, q.entity, q.source_key, q.rules;

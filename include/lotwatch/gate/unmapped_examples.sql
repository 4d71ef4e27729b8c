-- Some records of the batch that could not be mapped, with what was wrong with them: first those not known before.
SELECT q.source_key, array_to_string(q.reasons, '; '), q.first_batch_id < %(batch_id)s AS known
FROM lotwatch.quarantine AS q
WHERE
    q.state = 'open' AND q.source = %(source)s AND q.entity = %(entity_name)s
    AND q.last_batch_id = %(batch_id)s AND q.rules = %(unmapped)s
ORDER BY known, q.quarantine_id
LIMIT %(limit)s;

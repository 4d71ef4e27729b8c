-- Which records of a batch wait in quarantine, and why?
SELECT q.source_key, q.reasons
FROM lotwatch.quarantine AS q
WHERE q.state = 'open' AND q.last_batch_id = %(batch_id)s
ORDER BY q.quarantine_id
LIMIT %(limit)s;

-- Of which entities has the batch read records that could not be mapped?
SELECT DISTINCT q.entity FROM lotwatch.quarantine AS q
WHERE q.state = 'open' AND q.source = %(source)s AND q.last_batch_id = %(batch_id)s AND q.rules = %(unmapped)s;

-- How many records wait in quarantine?
SELECT count(*) FROM lotwatch.quarantine
WHERE
    state = 'open'
    AND (%(source)s::text IS NULL OR source = %(source)s::text)
    AND (%(entity)s::text IS NULL OR entity = %(entity)s::text)
    AND (%(rule)s::text IS NULL OR %(rule)s = ANY (rules));

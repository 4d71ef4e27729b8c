-- How many records wait in quarantine?
SELECT count(*) FROM lotwatch.quarantine
WHERE state = 'open' AND (%(source)s::text IS NULL OR source = %(source)s::text);

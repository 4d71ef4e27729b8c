-- By which versions of the suite were these rows judged?
SELECT DISTINCT j.suite
FROM lotwatch.judged_row AS j
WHERE j.batch_id = ANY (%(batch_ids)s) AND j.entity = %(entity_name)s;

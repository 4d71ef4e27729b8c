-- How many waiting records were tried again with the batch, by entity?
SELECT e.entity, (e.counts ->> 'retried')::bigint
FROM lotwatch.batch AS b
CROSS JOIN LATERAL jsonb_each(b.counts) AS e (entity, counts)
WHERE b.batch_id = %(batch_id)s AND e.counts ? 'retried';

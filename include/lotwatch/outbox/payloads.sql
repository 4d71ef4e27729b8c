-- What do these messages say?
SELECT payload FROM lotwatch.outbox
WHERE outbox_id = any(%(messages)s::bigint[])
ORDER BY outbox_id;

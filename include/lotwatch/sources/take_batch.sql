-- Is the batch still in this state? Then it is this transaction's. How many records did the gate read?
SELECT (SELECT coalesce(sum((entity.counts ->> 'read')::bigint), 0)::bigint FROM jsonb_each(batch.counts) AS entity (name, counts))
FROM lotwatch.batch AS batch
WHERE batch.batch_id = %(batch_id)s AND batch.state = %(state)s
FOR UPDATE;

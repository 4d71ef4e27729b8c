-- How many waiting records were tried again with the batch? Kept with it, so that a second try of the task knows.
UPDATE lotwatch.batch AS b
SET counts = jsonb_set(
    b.counts || jsonb_build_object(%(entity)s::text, coalesce(b.counts -> %(entity)s, '{}')),
    ARRAY[%(entity)s, 'retried'],
    to_jsonb(coalesce((b.counts -> %(entity)s ->> 'retried')::bigint, 0) + %(retried)s)
)
WHERE b.batch_id = %(batch_id)s;

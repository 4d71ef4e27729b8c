-- What became of the latest batches?
SELECT b.batch_id, b.source, b.state, b.as_of, b.counts, b.error, b.accepted_share::float AS accepted_share
FROM lotwatch.batch AS b
WHERE
    (%(source)s::text IS NULL OR b.source = %(source)s)
    AND (%(state)s::text IS NULL OR b.state = %(state)s)
    AND (%(batch_id)s::bigint IS NULL OR b.batch_id = %(batch_id)s)
ORDER BY b.batch_id DESC
LIMIT %(limit)s;

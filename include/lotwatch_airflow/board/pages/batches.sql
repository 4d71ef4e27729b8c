-- What came of the latest three pulls of each source, and what waits for somebody? Or of one source, or one batch.
SELECT
    recent.batch_id,
    recent.source,
    recent.state,
    recent.backfilled,
    recent.counts,
    recent.error,
    recent.accepted_share,
    recent.as_of,
    recent.created_at,
    recent.dag_id,
    recent.run_id
FROM (
    SELECT
        batch.*,
        row_number() OVER (PARTITION BY batch.source ORDER BY batch.batch_id DESC) AS age
    FROM lotwatch.batch AS batch
    WHERE
        (%(source)s::text IS NULL OR batch.source = %(source)s)
        AND (%(batch)s::bigint IS NULL OR batch.batch_id = %(batch)s)
) AS recent
WHERE recent.age <= 3 OR recent.state = 'stopped'
ORDER BY recent.state = 'stopped' DESC, recent.source, recent.batch_id DESC
LIMIT 100

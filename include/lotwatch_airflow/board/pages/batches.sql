-- What came of the latest three pulls of each source?
SELECT
    recent.batch_id,
    recent.source,
    recent.state,
    recent.backfilled,
    recent.counts,
    recent.error,
    recent.as_of,
    recent.created_at,
    recent.dag_id,
    recent.run_id
FROM (
    SELECT
        batch.*,
        row_number() OVER (PARTITION BY batch.source ORDER BY batch.batch_id DESC) AS age
    FROM lotwatch.batch AS batch
) AS recent
WHERE recent.age <= 3
ORDER BY recent.source, recent.batch_id DESC

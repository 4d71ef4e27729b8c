-- A row of quarantine, with its corrections, into a batch of its own source; judged like any other. Without corrections it
-- is brought into our terms anew; a corrected one is taken as a person saw it, in our codes and base units.
WITH corrected AS (
    SELECT
        q.source_key,
        q.raw,
        CASE
            WHEN %(corrections)s::jsonb = '{{}}' THEN lotwatch.as_stated(q.record)
            ELSE lotwatch.as_corrected(coalesce(q.record, '{{}}'), %(corrections)s)
        END AS record
    FROM lotwatch.quarantine AS q
    WHERE q.quarantine_id = %(quarantine_id)s
)

INSERT INTO stage.{entity} (batch_id, source_key, raw, {columns})
SELECT %(batch_id)s, corrected.source_key, corrected.raw, {record_columns}
FROM corrected
CROSS JOIN LATERAL jsonb_populate_record(NULL::stage.{entity}, corrected.record) AS r;

-- A row of quarantine, with its corrections, into a batch of its own source; judged like any other.
WITH corrected AS (
    SELECT q.source_key, q.raw, coalesce(q.record, '{{}}') || %(corrections)s AS record
    FROM lotwatch.quarantine AS q
    WHERE q.quarantine_id = %(quarantine_id)s
)

INSERT INTO stage.{entity} (batch_id, source_key, raw, {columns})
SELECT %(batch_id)s, corrected.source_key, corrected.raw, {record_columns}
FROM corrected
CROSS JOIN LATERAL jsonb_populate_record(NULL::stage.{entity}, corrected.record) AS r;

-- Rows of quarantine, with their corrections, into a batch of their own source; judged like any other. Without corrections a
-- record is brought into our terms anew; a corrected one is taken as a person saw it, in our codes and base units.
WITH corrected AS (
    SELECT
        q.quarantine_id,
        q.source_key,
        q.raw,
        CASE
            WHEN c.corrections = '{{}}' THEN lotwatch.as_stated(q.record)
            ELSE lotwatch.as_corrected(coalesce(q.record, '{{}}'), c.corrections)
        END AS record
    FROM jsonb_to_recordset(%(rows)s) AS c (quarantine_id bigint, corrections jsonb)
    JOIN lotwatch.quarantine AS q ON q.quarantine_id = c.quarantine_id
)

INSERT INTO stage.{entity} (batch_id, source_key, raw, {columns})
SELECT %(batch_id)s, corrected.source_key, corrected.raw, {record_columns}
FROM corrected
CROSS JOIN LATERAL jsonb_populate_record(NULL::stage.{entity}, corrected.record) AS r
ORDER BY corrected.quarantine_id;

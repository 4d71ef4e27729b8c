-- Judged rows of one entity into a batch of their own, as they were judged.
INSERT INTO stage.{entity} (batch_id, source_key, raw, {columns})
SELECT %(batch_id)s, j.source_key, '{{}}'::jsonb, {record_columns}
FROM lotwatch.judged_row AS j
CROSS JOIN LATERAL jsonb_populate_record(NULL::stage.{entity}, j.record) AS r
WHERE j.batch_id = ANY (%(batch_ids)s) AND j.entity = %(entity_name)s
ORDER BY j.batch_id, j.record_no;

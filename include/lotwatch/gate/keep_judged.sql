-- Rows of one entity of a batch with their verdict, for a later judgement.
INSERT INTO lotwatch.judged_row (batch_id, entity, record_no, source_key, record, rules, suite)
SELECT
    s.batch_id, %(entity_name)s, s.record_no, s.source_key,
    to_jsonb(s) - '{{batch_id,record_no,source_key,raw,errors,warnings}}'::text [],
    s.errors || s.warnings, %(suite)s
FROM stage.{entity} AS s
WHERE s.batch_id = %(batch_id)s;

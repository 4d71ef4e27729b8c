-- What the batch says of an entity's records, from one on, is what is remembered of them.
INSERT INTO lotwatch.source_record AS known (source, entity, source_key, record, seen_at)
SELECT DISTINCT ON (staged.source_key)
    batch.source,
    %(entity)s,
    staged.source_key,
    to_jsonb(staged.*) - %(not_its_own)s::text[],
    batch.as_of
FROM stage.{entity} AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
WHERE
    staged.batch_id = %(batch_id)s AND staged.record_no > %(after_no)s
    AND NOT staged.source_key = ANY(%(left_out)s::text[])
ORDER BY staged.source_key ASC, staged.record_no DESC
ON CONFLICT (source, entity, source_key) DO UPDATE
    SET record = excluded.record, seen_at = excluded.seen_at, gone_at = NULL;

-- Records of the source that only wait for what they refer to, once more into the batch as they were stated, unless it has
-- read them anew. With pushed events only so many, in turn: those whose last try is longest ago.
INSERT INTO stage.{entity} (batch_id, source_key, raw, {columns})
SELECT %(batch_id)s, q.source_key, q.raw, {record_columns}
FROM lotwatch.quarantine AS q
CROSS JOIN LATERAL jsonb_populate_record(NULL::stage.{entity}, lotwatch.as_stated(q.record)) AS r
LEFT JOIN stage.{entity} AS s ON s.batch_id = %(batch_id)s AND s.source_key = q.source_key
WHERE
    q.state = 'open' AND q.source = %(source)s AND q.entity = %(entity_name)s
    AND q.record IS NOT NULL AND s.source_key IS NULL
    AND NOT EXISTS (SELECT FROM unnest(q.rules) AS u (rule) WHERE NOT starts_with(u.rule, %(prefix)s))
ORDER BY q.last_batch_id, q.quarantine_id
LIMIT (
    SELECT CASE WHEN b.pushed THEN 1000 END FROM lotwatch.batch AS b
    WHERE b.batch_id = %(batch_id)s
);

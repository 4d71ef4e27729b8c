-- The records that were thought to be gone and are there again, as their source said them last.
SELECT
    known.source_key,
    {columns}
FROM lotwatch.source_record AS known
CROSS JOIN LATERAL jsonb_populate_record(NULL::stage.{entity}, known.record) AS last_row
INNER JOIN present ON known.source_key = present.source_key
WHERE known.source = %(source)s AND known.entity = %(entity)s AND known.gone_at IS NOT NULL
ORDER BY known.source_key;

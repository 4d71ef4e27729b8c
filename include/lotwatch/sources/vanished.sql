-- The records that are thought to be there and are not, as their source said them last.
SELECT
    known.source_key,
    {columns}
FROM lotwatch.source_record AS known
CROSS JOIN LATERAL jsonb_populate_record(NULL::stage.{entity}, known.record) AS last_row
WHERE
    known.source = %(source)s AND known.entity = %(entity)s AND known.gone_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM present
        WHERE present.source_key = known.source_key
    )
ORDER BY known.source_key;

-- What is there again is no longer gone.
UPDATE lotwatch.source_record AS known
SET gone_at = NULL
FROM present
WHERE
    known.source = %(source)s AND known.entity = %(entity)s AND known.gone_at IS NOT NULL
    AND known.source_key = present.source_key;

-- What is not there is gone since this moment.
UPDATE lotwatch.source_record AS known
SET gone_at = %(moment)s
WHERE
    known.source = %(source)s AND known.entity = %(entity)s AND known.gone_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM present
        WHERE present.source_key = known.source_key
    );

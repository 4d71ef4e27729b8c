-- One column of an entity: their codes become ours, where a cross reference leads to one.
UPDATE stage.{entity} AS s
SET
    {column} = found.our_code,
    stated = jsonb_build_object(%(column)s::text, s.{column}) || coalesce(s.stated, '{{}}')
FROM (
    SELECT staged.record_no, coalesce(waiting.our_code, known.our_code) AS our_code
    FROM stage.{entity} AS staged
    LEFT JOIN lotwatch.cross_reference AS known
        ON known.system = %(source)s AND known.kind = %(kind)s AND known.their_code = staged.{column}
    LEFT JOIN lotwatch.waiting_cross_reference AS waiting
        ON waiting.system = %(source)s AND waiting.kind = %(kind)s AND waiting.their_code = staged.{column}
    WHERE
        staged.batch_id = %(batch_id)s AND staged.{column} IS NOT NULL
        AND NOT coalesce(staged.stated ? %(column)s::text, false)
) AS found
WHERE s.batch_id = %(batch_id)s AND s.record_no = found.record_no AND found.our_code IS NOT NULL;

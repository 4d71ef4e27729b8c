-- The documents of a case, or one of them, with their units.
SELECT
    document.document_id,
    document.number,
    document.kind,
    document.recipient,
    document.made_at,
    document.made_by,
    coalesce((
        SELECT sum(line.quantity)
        FROM lotwatch.recall_document_line AS line
        WHERE line.document_id = document.document_id
    ), 0)::bigint AS units
FROM lotwatch.recall_document AS document
WHERE document.case_id = %(case_id)s AND (%(number)s::integer IS NULL OR document.number = %(number)s)
ORDER BY document.number

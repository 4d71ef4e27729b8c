-- Write a document of what was found and is in none yet; answers its number and its units, or no row.
WITH found AS (
    SELECT
        find.item_id,
        find.lot_id,
        find.serial_id,
        task.place_id,
        sum(find.quantity) AS quantity
    FROM lotwatch.recall_find AS find
    INNER JOIN lotwatch.recall_task AS task ON find.task_id = task.task_id
    WHERE
        task.case_id = %(case_id)s AND task.kind = 'count' AND find.outcome = 'found' AND find.item_id IS NOT NULL
    GROUP BY find.item_id, find.lot_id, find.serial_id, task.place_id
),

written AS (
    SELECT
        line.item_id,
        line.lot_id,
        line.serial_id,
        line.place_id,
        sum(line.quantity) AS quantity
    FROM lotwatch.recall_document_line AS line
    INNER JOIN lotwatch.recall_document AS document ON line.document_id = document.document_id
    WHERE document.case_id = %(case_id)s
    GROUP BY line.item_id, line.lot_id, line.serial_id, line.place_id
),

rest AS (
    SELECT
        found.item_id,
        found.lot_id,
        found.serial_id,
        found.place_id,
        found.quantity - coalesce(written.quantity, 0) AS quantity
    FROM found
    LEFT JOIN written
        ON
            found.item_id = written.item_id AND found.lot_id = written.lot_id
            AND found.serial_id = written.serial_id AND found.place_id = written.place_id
    WHERE found.quantity > coalesce(written.quantity, 0)
),

made AS (
    INSERT INTO lotwatch.recall_document (case_id, number, kind, recipient, made_at, made_by)
    SELECT
        %(case_id)s::bigint,
        coalesce(max(known.number), 0) + 1,
        %(kind)s,
        %(recipient)s,
        %(at)s::timestamptz,
        %(by)s
    FROM (SELECT 1) AS once
    LEFT JOIN lotwatch.recall_document AS known ON known.case_id = %(case_id)s
    WHERE EXISTS (SELECT FROM rest)
    HAVING EXISTS (SELECT FROM rest)
    RETURNING document_id, number
),

lines AS (
    INSERT INTO lotwatch.recall_document_line (document_id, item_id, lot_id, serial_id, place_id, quantity)
    SELECT
        made.document_id,
        rest.item_id,
        rest.lot_id,
        rest.serial_id,
        rest.place_id,
        rest.quantity
    FROM rest
    CROSS JOIN made
    RETURNING quantity
)

SELECT
    made.number,
    (
        SELECT sum(lines.quantity)
        FROM lines
    )::bigint AS units
FROM made;

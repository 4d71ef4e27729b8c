-- What became of each affected lot and serial unit: expected, used and found elsewhere, against found, used and explained?
WITH part AS (
    SELECT
        line.item_id,
        line.lot_id,
        line.serial_id,
        line.expected AS affected,
        0::bigint AS found,
        0::bigint AS used,
        0::bigint AS explained,
        0::bigint AS returned,
        0::bigint AS destroyed,
        0::bigint AS corrected
    FROM lotwatch.recall_task AS task
    INNER JOIN lotwatch.recall_task_line AS line ON task.task_id = line.task_id
    WHERE task.case_id = %(case_id)s AND task.kind = 'count' AND task.state <> 'cancelled'
    UNION ALL
    SELECT
        unit.item_id,
        unit.lot_id,
        unit.serial_id,
        unit.quantity AS affected,
        0,
        unit.quantity AS used,
        0,
        0,
        0,
        0
    FROM lotwatch.recall_unit AS unit
    WHERE unit.case_id = %(case_id)s AND unit.whereabouts = 'used'
    UNION ALL
    SELECT
        find.item_id,
        find.lot_id,
        find.serial_id,
        CASE WHEN find.standing = 'elsewhere' AND find.outcome = 'found' THEN find.quantity ELSE 0 END,
        CASE WHEN find.outcome = 'found' THEN find.quantity ELSE 0 END,
        0,
        CASE WHEN find.outcome = 'explained' THEN find.quantity ELSE 0 END,
        0,
        0,
        0
    FROM lotwatch.recall_task AS task
    INNER JOIN lotwatch.recall_find AS find ON task.task_id = find.task_id
    WHERE task.case_id = %(case_id)s AND task.kind = 'count' AND find.item_id IS NOT NULL
    UNION ALL
    SELECT
        line.item_id,
        line.lot_id,
        line.serial_id,
        0,
        0,
        0,
        0,
        CASE WHEN document.kind = 'return' THEN line.quantity ELSE 0 END,
        CASE WHEN document.kind = 'destruction' THEN line.quantity ELSE 0 END,
        CASE WHEN document.kind = 'correction' THEN line.quantity ELSE 0 END
    FROM lotwatch.recall_document AS document
    INNER JOIN lotwatch.recall_document_line AS line ON document.document_id = line.document_id
    WHERE document.case_id = %(case_id)s
)

SELECT
    part.item_id,
    part.lot_id,
    part.serial_id,
    item.code AS item_code,
    item.name AS item_name,
    lot.number AS lot_number,
    unit.number AS serial_number,
    sum(part.affected)::bigint AS affected,
    sum(part.found)::bigint AS found,
    sum(part.used)::bigint AS used,
    sum(part.explained)::bigint AS explained,
    sum(part.returned)::bigint AS returned,
    sum(part.destroyed)::bigint AS destroyed,
    sum(part.corrected)::bigint AS corrected
FROM part
INNER JOIN lotwatch.item AS item ON part.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON part.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON part.serial_id = unit.serial_id
GROUP BY part.item_id, part.lot_id, part.serial_id, item.code, item.name, lot.number, unit.number
ORDER BY
    sum(part.affected) <> sum(part.found + part.used + part.explained) DESC, item.code ASC, lot.number ASC, unit.number ASC;

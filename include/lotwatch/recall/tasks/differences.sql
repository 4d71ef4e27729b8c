-- Of which lots and units is more expected, or less, than was found (or handled) and explained?
WITH wanted AS (
    SELECT
        item_id,
        lot_id,
        serial_id,
        sum(expected) AS expected,
        0 AS accounted
    FROM lotwatch.recall_task_line
    WHERE task_id = %(task_id)s
    GROUP BY item_id, lot_id, serial_id
    UNION ALL
    SELECT
        item_id,
        lot_id,
        serial_id,
        0,
        sum(quantity)
    FROM lotwatch.recall_find
    WHERE task_id = %(task_id)s AND standing = 'listed' AND outcome IN (%(outcome)s, 'explained')
    GROUP BY item_id, lot_id, serial_id
)

SELECT
    item.code AS item_code,
    coalesce(unit.number, lot.number, '-') AS number,
    sum(wanted.expected)::bigint AS expected,
    sum(wanted.accounted)::bigint AS accounted
FROM wanted
INNER JOIN lotwatch.item AS item ON wanted.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON wanted.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON wanted.serial_id = unit.serial_id
GROUP BY item.code, wanted.lot_id, wanted.serial_id, unit.number, lot.number
HAVING sum(wanted.expected) <> sum(wanted.accounted)
ORDER BY item.code, number;

-- Which serial numbers are in more places than one, in one more than once, or missing from one, without being flagged?
SELECT
    'serial number' AS "check",
    item.code || ' serial ' || serial_unit.number AS subject,
    sum(position.quantity)::bigint AS found,
    1::bigint AS expected
FROM lotwatch.position AS position
INNER JOIN lotwatch.item AS item ON position.item_id = item.item_id
INNER JOIN lotwatch.serial_unit AS serial_unit ON position.serial_id = serial_unit.serial_id
WHERE
    position.serial_id <> 0 AND position.quantity <> 0
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.movement_flag AS flag
        WHERE flag.serial_id = position.serial_id AND flag.flag = 'conflict'
    )
GROUP BY item.code, serial_unit.number
HAVING sum(position.quantity) > 1 OR bool_or(position.quantity NOT IN (0, 1))
ORDER BY subject;

-- What is expected at the place of a task, where in it, and what was found and explained of each lot and unit?
SELECT
    item.code AS item_code,
    item.name AS item_name,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    string_agg(DISTINCT place.name, ', ' ORDER BY place.name) AS places,
    sum(line.expected)::bigint AS expected,
    coalesce(found.found, 0)::bigint AS found,
    coalesce(found.explained, 0)::bigint AS explained
FROM lotwatch.recall_task_line AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON line.location_id = place.location_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON line.serial_id = serial_unit.serial_id
LEFT JOIN (
    SELECT
        find.item_id,
        find.lot_id,
        find.serial_id,
        sum(find.quantity) FILTER (WHERE find.outcome <> 'explained') AS found,
        sum(find.quantity) FILTER (WHERE find.outcome = 'explained') AS explained
    FROM lotwatch.recall_find AS find
    WHERE find.task_id = %(task)s
    GROUP BY find.item_id, find.lot_id, find.serial_id
) AS found
    ON line.item_id = found.item_id AND line.lot_id = found.lot_id AND line.serial_id = found.serial_id
WHERE line.task_id = %(task)s
GROUP BY item.code, item.name, lot.number, serial_unit.number, found.found, found.explained
ORDER BY
    sum(line.expected) <> coalesce(found.found, 0) + coalesce(found.explained, 0) DESC,
    item.code ASC, lot.number ASC, serial_unit.number ASC
LIMIT 500

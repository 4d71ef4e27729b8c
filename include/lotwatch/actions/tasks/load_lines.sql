-- The stock that a task is about, and how much of it has gone already.
SELECT
    line.item_id,
    line.lot_id,
    line.serial_id,
    line.location_id,
    item.code AS item_code,
    item.name AS item_name,
    lot.number AS lot_number,
    unit.number AS serial_number,
    place.code AS location_code,
    place.name AS location_name,
    line.last_day,
    line.quantity,
    progress.gone,
    line.done_quantity,
    line.disposition
FROM lotwatch.task_line AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON line.location_id = place.location_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
LEFT JOIN lotwatch.task_progress AS progress
    ON
        line.task_id = progress.task_id AND line.item_id = progress.item_id AND line.lot_id = progress.lot_id
        AND line.serial_id = progress.serial_id AND line.location_id = progress.location_id
WHERE line.task_id = %(task_id)s
ORDER BY item.code, lot.number, unit.number, place.code;

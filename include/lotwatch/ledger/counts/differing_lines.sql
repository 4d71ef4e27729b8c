-- The lines of a count that differ from the books, the largest difference first.
SELECT
    item.code AS item_code,
    place.code AS location_code,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    line.owner,
    line.status,
    line.counted,
    line.expected,
    line.variance
FROM lotwatch.stocktake_line AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON line.location_id = place.location_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON line.serial_id = serial_unit.serial_id
WHERE line.stocktake_id = %(stocktake_id)s AND line.variance <> 0
ORDER BY abs(line.variance) DESC, item.code, place.code, lot.number, serial_unit.number;

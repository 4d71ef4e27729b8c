-- What is in a document, and where it was found?
SELECT
    item.code AS item_code,
    item.name AS item_name,
    item.base_unit,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    place.code AS location_code,
    place.name AS location_name,
    line.quantity
FROM lotwatch.recall_document_line AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON line.place_id = place.location_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON line.serial_id = serial_unit.serial_id
WHERE line.document_id = %(document)s
ORDER BY item.code, lot.number, serial_unit.number, place.code

-- Which units were used, or may have been, where and when? On whom is not told here.
SELECT
    unit.whereabouts,
    item.code AS item_code,
    item.name AS item_name,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    place.code AS location_code,
    place.name AS location_name,
    unit.quantity,
    unit.occurred_at,
    unit.document,
    unit.movement_id,
    unit.has_case_reference
FROM lotwatch.recall_unit AS unit
INNER JOIN lotwatch.item AS item ON unit.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON unit.location_id = place.location_id
LEFT JOIN lotwatch.lot AS lot ON unit.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON unit.serial_id = serial_unit.serial_id
WHERE unit.case_id = %(case_id)s AND unit.whereabouts IN ('used', 'possible')
ORDER BY unit.whereabouts DESC, unit.occurred_at DESC, unit.movement_id DESC
LIMIT 500

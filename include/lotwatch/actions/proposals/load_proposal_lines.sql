-- What is to be ordered or moved: the lines that no guard refused.
SELECT
    item.item_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    line.lot_id,
    line.serial_id,
    line.location_id,
    lot.number AS lot_number,
    unit.number AS serial_number,
    place.code AS location_code,
    line.quantity,
    line.unit_price,
    line.requested_on,
    line.alert_id,
    line.why
FROM lotwatch.proposal_line AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
LEFT JOIN lotwatch.location AS place ON line.location_id = place.location_id
WHERE line.proposal_id = %(proposal_id)s AND NOT line.refused
ORDER BY item.code, lot.number NULLS FIRST, unit.number, place.code;

-- What lies on the shelves of a site by the books, most first.
SELECT
    place.code AS location_code,
    item.code AS item_code,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    position.owner,
    position.status,
    position.quantity
FROM lotwatch.position AS position
INNER JOIN lotwatch.location AS place ON position.location_id = place.location_id
INNER JOIN lotwatch.location AS site ON place.site_id = site.location_id
INNER JOIN lotwatch.item AS item ON position.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON position.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON position.serial_id = serial_unit.serial_id
WHERE site.code = %(site_code)s AND position.quantity > 0
ORDER BY position.quantity DESC, place.code, item.code, lot.number;

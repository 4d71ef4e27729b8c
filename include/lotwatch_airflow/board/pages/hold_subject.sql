-- What is meant by these codes, of what the reader may see? Null where there is no such thing.
SELECT
    item.item_id,
    lot.lot_id,
    serial_unit.serial_id,
    place.location_id,
    place.site_id
FROM (SELECT 1) AS once
LEFT JOIN lotwatch.item AS item ON item.code = %(item)s
LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND lot.number = %(lot)s
LEFT JOIN lotwatch.serial_unit AS serial_unit
    ON item.item_id = serial_unit.item_id AND serial_unit.number = %(serial)s
LEFT JOIN lotwatch.location AS place
    ON place.code = %(place)s AND (place.holds_stock OR place.kind = 'region')

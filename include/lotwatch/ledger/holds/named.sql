-- What do these codes name? A lot or a serial number is one of the item.
SELECT
    (
        SELECT item.item_id FROM lotwatch.item AS item
        WHERE item.code = %(item)s
    ) AS item_id,
    (
        SELECT lot.lot_id
        FROM lotwatch.lot AS lot
        INNER JOIN lotwatch.item AS item ON lot.item_id = item.item_id
        WHERE item.code = %(item)s AND lot.number = %(lot)s
    ) AS lot_id,
    (
        SELECT serial_unit.serial_id
        FROM lotwatch.serial_unit AS serial_unit
        INNER JOIN lotwatch.item AS item ON serial_unit.item_id = item.item_id
        WHERE item.code = %(item)s AND serial_unit.number = %(serial)s
    ) AS serial_id,
    (
        SELECT place.location_id FROM lotwatch.location AS place
        WHERE place.code = %(location)s
    ) AS location_id;

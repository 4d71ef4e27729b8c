-- Holds in force, or all of them, the newest first.
SELECT
    hold.hold_id,
    hold.cause,
    hold.authority,
    hold.reference,
    hold.reason,
    item.code AS item_code,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    place.code AS location_code,
    hold.placed_at,
    hold.placed_by,
    hold.confirmed_at,
    hold.released_at,
    hold.released_by
FROM lotwatch.hold AS hold
LEFT JOIN lotwatch.item AS item ON hold.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON hold.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON hold.serial_id = serial_unit.serial_id
LEFT JOIN lotwatch.location AS place ON hold.location_id = place.location_id
WHERE %(released)s OR hold.released_at IS NULL
ORDER BY hold.placed_at DESC, hold.hold_id DESC
LIMIT %(limit)s;

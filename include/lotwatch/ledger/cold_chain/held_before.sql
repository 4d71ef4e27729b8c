-- What was ever held for an excursion, released or not: nothing is held twice for it.
SELECT
    hold.item_id,
    hold.lot_id,
    hold.serial_id,
    hold.location_id
FROM lotwatch.hold AS hold
WHERE hold.cause = 'cold_chain' AND hold.reference = %(reference)s;

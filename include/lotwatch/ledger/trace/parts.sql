-- What went into and came out of these transformations? One row for each movement; one that was taken back has its reversal.
SELECT
    movement.source,
    movement.transformation_key,
    movement.movement_id,
    movement.reverses_id,
    origin.holds_stock AS goes_in,
    movement.item_id,
    movement.lot_id,
    movement.serial_id,
    item.code AS item_code,
    lot.number AS lot_number,
    unit.number AS serial_number,
    movement.quantity
FROM unnest(%(sources)s::text[], %(keys)s::text[]) AS given (source, transformation_key)
INNER JOIN lotwatch.movement AS movement
    ON given.transformation_key = movement.transformation_key AND given.source = movement.source
INNER JOIN lotwatch.location AS origin ON movement.from_location_id = origin.location_id
INNER JOIN lotwatch.item AS item ON movement.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON movement.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON movement.serial_id = unit.serial_id
WHERE movement.transformation_key IS NOT NULL AND movement.occurred_at <= %(until)s::timestamptz
ORDER BY movement.source, movement.transformation_key, movement.movement_id;

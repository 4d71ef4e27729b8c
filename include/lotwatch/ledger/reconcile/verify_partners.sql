-- Which movements refer to what is not there? They have no foreign keys, so this is where it would show.
SELECT
    'movement' AS "check",
    movement.source || ' ' || movement.source_event_id AS subject,
    num_nonnulls(
        known.movement_id, item.item_id, origin.location_id, destination.location_id, lot.lot_id, serial_unit.serial_id
    )::bigint AS found,
    4 + (movement.lot_id <> 0)::integer + (movement.serial_id <> 0)::integer::bigint AS expected
FROM lotwatch.movement AS movement
LEFT JOIN lotwatch.movement_source AS known
    ON movement.source = known.source AND movement.source_event_id = known.source_event_id
LEFT JOIN lotwatch.item AS item ON movement.item_id = item.item_id
LEFT JOIN lotwatch.location AS origin ON movement.from_location_id = origin.location_id
LEFT JOIN lotwatch.location AS destination ON movement.to_location_id = destination.location_id
LEFT JOIN lotwatch.lot AS lot ON movement.lot_id = lot.lot_id AND movement.item_id = lot.item_id
LEFT JOIN lotwatch.serial_unit AS serial_unit
    ON movement.serial_id = serial_unit.serial_id AND movement.item_id = serial_unit.item_id
WHERE
    known.movement_id IS DISTINCT FROM movement.movement_id
    OR item.item_id IS NULL OR origin.location_id IS NULL OR destination.location_id IS NULL
    OR (movement.lot_id <> 0 AND lot.lot_id IS NULL) OR (movement.serial_id <> 0 AND serial_unit.serial_id IS NULL)
ORDER BY subject;

-- Positions as the movements say; those that no movement tells of are set to nothing.
MERGE INTO lotwatch.position AS position
USING (
    SELECT
        item_id,
        location_id,
        lot_id,
        serial_id,
        owner,
        status,
        sum(quantity)::bigint AS quantity
    FROM lotwatch.movement_side
    GROUP BY item_id, location_id, lot_id, serial_id, owner, status
) AS summed
    ON
        position.item_id = summed.item_id AND position.location_id = summed.location_id
        AND position.lot_id = summed.lot_id AND position.serial_id = summed.serial_id
        AND position.owner = summed.owner AND position.status = summed.status
WHEN MATCHED AND position.quantity <> summed.quantity THEN UPDATE SET quantity = summed.quantity
WHEN NOT MATCHED THEN
    INSERT (item_id, location_id, lot_id, serial_id, owner, status, quantity)
    VALUES (
        summed.item_id, summed.location_id, summed.lot_id, summed.serial_id, summed.owner, summed.status,
        summed.quantity
    )
WHEN NOT MATCHED BY SOURCE AND position.quantity <> 0 THEN UPDATE SET quantity = 0;

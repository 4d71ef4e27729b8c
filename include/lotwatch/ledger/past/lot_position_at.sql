-- How much of a lot was at a place at a moment, by what was known at another? Both sides in one pass. Has the lot units
-- of its own, which are known by their numbers?
SELECT
    (
        coalesce(sum(movement.quantity) FILTER (WHERE movement.to_location_id = %(location_id)s AND movement.to_counted), 0)
        - coalesce(
            sum(movement.quantity) FILTER (WHERE movement.from_location_id = %(location_id)s AND movement.from_counted), 0
        )
    )::bigint AS quantity,
    EXISTS(
        SELECT 1 FROM lotwatch.serial_unit AS serial_unit
        WHERE serial_unit.lot_id = %(lot_id)s
    ) AS has_units
FROM lotwatch.movement AS movement
WHERE
    movement.lot_id = %(lot_id)s AND movement.lot_id <> 0
    AND movement.item_id = %(item_id)s
    AND (movement.to_location_id = %(location_id)s OR movement.from_location_id = %(location_id)s)
    AND movement.occurred_at <= %(as_of)s AND movement.recorded_at <= %(known_at)s;

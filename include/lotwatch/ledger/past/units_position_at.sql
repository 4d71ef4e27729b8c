-- How many serial units of a lot were at a place at a moment, by what was known at another?
SELECT
    (
        coalesce(sum(movement.quantity) FILTER (WHERE movement.to_location_id = %(location_id)s AND movement.to_counted), 0)
        - coalesce(
            sum(movement.quantity) FILTER (WHERE movement.from_location_id = %(location_id)s AND movement.from_counted), 0
        )
    )::bigint AS quantity
FROM lotwatch.serial_unit AS serial_unit
INNER JOIN lotwatch.movement AS movement ON serial_unit.serial_id = movement.serial_id AND movement.serial_id <> 0
WHERE
    serial_unit.lot_id = %(lot_id)s
    AND (movement.to_location_id = %(location_id)s OR movement.from_location_id = %(location_id)s)
    AND movement.occurred_at <= %(as_of)s AND movement.recorded_at <= %(known_at)s;

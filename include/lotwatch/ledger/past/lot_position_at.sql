-- How much of a lot was at a place at a moment, by what was known at another? Both sides in one pass. The lot's units
-- are known by their own numbers.
SELECT
    (
        coalesce(sum(moved.quantity) FILTER (WHERE moved.to_location_id = %(location_id)s AND moved.to_counted), 0)
        - coalesce(sum(moved.quantity) FILTER (WHERE moved.from_location_id = %(location_id)s AND moved.from_counted), 0)
    )::bigint AS quantity
FROM (
    SELECT of_lot.*
    FROM lotwatch.movement AS of_lot
    WHERE of_lot.lot_id = %(lot_id)s AND of_lot.lot_id <> 0
    UNION ALL
    SELECT of_unit.*
    FROM lotwatch.serial_unit AS serial_unit
    INNER JOIN lotwatch.movement AS of_unit ON serial_unit.serial_id = of_unit.serial_id AND of_unit.serial_id <> 0
    WHERE serial_unit.lot_id = %(lot_id)s
) AS moved
WHERE
    moved.item_id = %(item_id)s
    AND (moved.to_location_id = %(location_id)s OR moved.from_location_id = %(location_id)s)
    AND moved.occurred_at <= %(as_of)s AND moved.recorded_at <= %(known_at)s;

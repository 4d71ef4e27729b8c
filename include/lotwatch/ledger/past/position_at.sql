-- How much of an item was at a place at a moment, by what was known at another? Both sides in one pass: each partition
-- is looked at once.
SELECT
    (
        coalesce(sum(movement.quantity) FILTER (WHERE movement.to_location_id = %(location_id)s AND movement.to_counted), 0)
        - coalesce(
            sum(movement.quantity) FILTER (WHERE movement.from_location_id = %(location_id)s AND movement.from_counted), 0
        )
    )::bigint AS quantity
FROM lotwatch.movement AS movement
WHERE
    movement.item_id = %(item_id)s
    AND (movement.to_location_id = %(location_id)s OR movement.from_location_id = %(location_id)s)
    AND movement.occurred_at <= %(as_of)s AND movement.recorded_at <= %(known_at)s;

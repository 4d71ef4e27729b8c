-- Which holds of a case stand against what a person said: on a lot or unit that is not affected, and on an item as a whole of
-- which something is not.
SELECT placed.hold_id
FROM lotwatch.hold AS placed
WHERE
    placed.reference = %(code)s AND placed.item_id = %(item_id)s AND placed.released_at IS NULL
    AND placed.location_id IS NULL
    AND (
        (placed.lot_id IS NULL AND placed.serial_id IS NULL)
        OR (placed.serial_id = nullif(%(serial_id)s::bigint, 0))
        OR (placed.serial_id IS NULL AND %(serial_id)s = 0 AND placed.lot_id = nullif(%(lot_id)s::bigint, 0))
    )
UNION ALL
-- stock without a number
SELECT placed.hold_id
FROM lotwatch.hold AS placed
WHERE
    placed.reference = %(code)s AND placed.item_id = %(item_id)s AND placed.released_at IS NULL
    AND placed.location_id IS NOT NULL AND %(lot_id)s = 0 AND %(serial_id)s = 0;

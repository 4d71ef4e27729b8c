-- Which hold of the same cause and reference is in force on the very same?
SELECT hold_id
FROM lotwatch.hold
WHERE
    released_at IS NULL AND cause = %(cause)s AND reference = %(reference)s
    AND item_id IS NOT DISTINCT FROM %(item_id)s::bigint
    AND lot_id IS NOT DISTINCT FROM %(lot_id)s::bigint
    AND serial_id IS NOT DISTINCT FROM %(serial_id)s::bigint
    AND location_id IS NOT DISTINCT FROM %(location_id)s::bigint

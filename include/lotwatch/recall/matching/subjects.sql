-- The lots and serial units of items, and whether something of an item lies anywhere without a number. A unit whose lot is
-- known is its lot's, unless serial numbers or dates decide; then a lot is no more than its units.
SELECT
    lot.item_id,
    lot.lot_id,
    0::bigint AS serial_id,
    lotwatch.number_key(lot.number) AS key,
    '' AS lot_key,
    lot.manufactured_on,
    lot.last_day AS usable_through
FROM lotwatch.lot AS lot
WHERE
    lot.item_id = ANY(%(items)s::bigint[])
    AND NOT (
        %(serials)s::boolean
        AND EXISTS (
            SELECT FROM lotwatch.serial_unit AS unit
            WHERE unit.lot_id = lot.lot_id
        )
        AND NOT EXISTS (
            SELECT FROM lotwatch.position AS lying
            WHERE lying.item_id = lot.item_id AND lying.lot_id = lot.lot_id AND lying.serial_id = 0 AND lying.quantity <> 0
        )
    )
UNION ALL
SELECT
    unit.item_id,
    coalesce(unit.lot_id, 0),
    unit.serial_id,
    lotwatch.number_key(unit.number),
    coalesce(lotwatch.number_key(lot.number), ''),
    coalesce(unit.manufactured_on, lot.manufactured_on),
    lotwatch.last_day(unit, lot)
FROM lotwatch.serial_unit AS unit
LEFT JOIN lotwatch.lot AS lot ON unit.lot_id = lot.lot_id
WHERE unit.item_id = ANY(%(items)s::bigint[]) AND (%(serials)s::boolean OR unit.lot_id IS NULL)
UNION ALL
SELECT DISTINCT
    lying.item_id,
    0::bigint,
    0::bigint,
    '',
    '',
    NULL::date,
    NULL::date
FROM lotwatch.position AS lying
WHERE lying.item_id = ANY(%(items)s::bigint[]) AND lying.lot_id = 0 AND lying.serial_id = 0 AND lying.quantity <> 0
ORDER BY item_id, lot_id, serial_id;

-- Which item is it, and which of these are its lots (or, `by_serial`, its serial units)?
SELECT
    item.item_id,
    known.number,
    known.lot_id,
    known.serial_id
FROM lotwatch.item AS item
LEFT JOIN
    LATERAL (
        SELECT
            lot.number,
            lot.lot_id,
            0::bigint AS serial_id
        FROM lotwatch.lot AS lot
        WHERE NOT %(by_serial)s::boolean AND lot.item_id = item.item_id AND lot.number = ANY(%(numbers)s::text[])
        UNION ALL
        SELECT
            unit.number,
            0,
            unit.serial_id
        FROM lotwatch.serial_unit AS unit
        WHERE %(by_serial)s::boolean AND unit.item_id = item.item_id AND unit.number = ANY(%(numbers)s::text[])
    ) AS known
    ON true
WHERE item.code = %(item_code)s;

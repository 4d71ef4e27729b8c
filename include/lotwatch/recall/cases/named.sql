-- Which lots and units of an item have these numbers, spaces and case aside? Of each number without any, a row without ids. No
-- numbers: all its lots, its units without a lot, and what has no number.
WITH meant AS (
    SELECT item.item_id
    FROM lotwatch.item AS item
    WHERE item.code = %(item)s
),

given AS (
    SELECT
        asked.number,
        lotwatch.number_key(asked.number) AS key
    FROM unnest(%(numbers)s::text[]) AS asked (number)
)

SELECT
    given.number,
    meant.item_id,
    found.lot_id,
    found.serial_id
FROM meant
CROSS JOIN given
LEFT JOIN LATERAL (
    SELECT
        lot.lot_id,
        0 AS serial_id
    FROM lotwatch.lot AS lot
    WHERE lot.item_id = meant.item_id AND lotwatch.number_key(lot.number) = given.key
    UNION ALL
    SELECT
        coalesce(unit.lot_id, 0),
        unit.serial_id
    FROM lotwatch.serial_unit AS unit
    WHERE unit.item_id = meant.item_id AND lotwatch.number_key(unit.number) = given.key
) AS found ON TRUE
UNION ALL
SELECT
    '' AS number,
    meant.item_id,
    found.lot_id,
    found.serial_id
FROM meant
CROSS JOIN
    LATERAL (
        SELECT
            0 AS lot_id,
            0 AS serial_id
        UNION ALL
        SELECT
            lot.lot_id,
            0
        FROM lotwatch.lot AS lot
        WHERE lot.item_id = meant.item_id
        UNION ALL
        SELECT
            0,
            unit.serial_id
        FROM lotwatch.serial_unit AS unit
        WHERE unit.item_id = meant.item_id AND unit.lot_id IS NULL
    ) AS found
WHERE cardinality(%(numbers)s::text[]) = 0
ORDER BY lot_id, serial_id;

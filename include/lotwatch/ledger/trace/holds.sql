-- Which holds are in force on these lots and serial units, or on the places where they lie?
WITH RECURSIVE subject AS (
    SELECT
        lot_id,
        serial_id,
        item_id,
        own_lot_id
    FROM unnest(
        %(lots)s::bigint[], %(serials)s::bigint[], %(items)s::bigint[], %(own_lots)s::bigint[]
    ) AS given (lot_id, serial_id, item_id, own_lot_id)
),

unit AS (
    SELECT
        serial_id,
        lot_id
    FROM unnest(%(units)s::bigint[], %(units_lots)s::bigint[]) AS given (serial_id, lot_id)
    WHERE lot_id <> 0
),

-- where they lie, and every place around it
around AS (
    SELECT
        lot_id,
        serial_id,
        location_id
    FROM
        unnest(
            %(stock_lots)s::bigint[], %(stock_serials)s::bigint[], %(stock_places)s::bigint[]
        ) AS given (lot_id, serial_id, location_id)
    UNION
    SELECT
        around.lot_id,
        around.serial_id,
        place.parent_id
    FROM around
    INNER JOIN lotwatch.location AS place ON around.location_id = place.location_id
    WHERE place.parent_id IS NOT NULL
)

SELECT
    subject.lot_id,
    subject.serial_id,
    hold.hold_id,
    hold.cause,
    hold.authority,
    hold.reference,
    hold.case_reference,
    hold.reason,
    hold.placed_at,
    hold.placed_by,
    hold.confirmed_at,
    hold.location_id
FROM subject
INNER JOIN lotwatch.hold AS hold ON subject.item_id = hold.item_id
WHERE
    hold.placed_at <= %(until)s::timestamptz
    AND (hold.released_at IS NULL OR (%(past)s::boolean AND hold.released_at > %(until)s::timestamptz))
    AND (hold.lot_id IS NULL OR hold.lot_id = subject.own_lot_id)
    AND (
        hold.serial_id IS NULL OR hold.serial_id = subject.serial_id
        OR EXISTS (
            SELECT 1 FROM unit
            WHERE unit.serial_id = hold.serial_id AND unit.lot_id = subject.lot_id
        )
    )
    AND (
        hold.location_id IS NULL
        OR EXISTS (
            SELECT 1 FROM around
            WHERE
                around.lot_id = subject.lot_id AND around.serial_id = subject.serial_id
                AND around.location_id = hold.location_id
        )
    )
UNION ALL
SELECT
    around.lot_id,
    around.serial_id,
    hold.hold_id,
    hold.cause,
    hold.authority,
    hold.reference,
    hold.case_reference,
    hold.reason,
    hold.placed_at,
    hold.placed_by,
    hold.confirmed_at,
    hold.location_id
FROM lotwatch.hold AS hold
INNER JOIN around ON hold.location_id = around.location_id
WHERE
    hold.item_id IS NULL AND hold.placed_at <= %(until)s::timestamptz
    AND (hold.released_at IS NULL OR (%(past)s::boolean AND hold.released_at > %(until)s::timestamptz))
ORDER BY lot_id, serial_id, placed_at, hold_id;

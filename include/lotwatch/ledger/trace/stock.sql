-- What lies where now, of these lots and serial units, at the places they ever came to?
WITH visited AS (
    SELECT DISTINCT
        lot_id,
        serial_id,
        item_id,
        location_id
    FROM unnest(
        %(visited_lots)s::bigint[], %(visited_serials)s::bigint[], %(visited_items)s::bigint[],
        %(visited_places)s::bigint[]
    ) AS given (lot_id, serial_id, item_id, location_id)
),

unit AS (
    SELECT
        serial_id,
        lot_id
    FROM unnest(%(units)s::bigint[], %(units_lots)s::bigint[]) AS given (serial_id, lot_id)
),

found AS (
    SELECT
        visited.lot_id AS subject_lot_id,
        0::bigint AS subject_serial_id,
        known.*
    FROM visited
    INNER JOIN lotwatch.position AS known
        ON
            visited.item_id = known.item_id AND visited.location_id = known.location_id
            AND visited.lot_id = known.lot_id
    WHERE visited.lot_id <> 0
    UNION ALL
    SELECT
        visited.lot_id,
        visited.serial_id,
        known.*
    FROM unit
    INNER JOIN visited
        ON
            unit.lot_id = visited.lot_id
            AND visited.serial_id = CASE WHEN unit.lot_id = 0 THEN unit.serial_id ELSE 0 END
    INNER JOIN lotwatch.position AS known
        ON
            visited.item_id = known.item_id AND visited.location_id = known.location_id
            AND unit.serial_id = known.serial_id
    WHERE unit.lot_id = 0 OR known.lot_id = 0
)

SELECT
    found.subject_lot_id AS lot_id,
    found.subject_serial_id AS serial_id,
    found.location_id,
    found.owner,
    found.status,
    sum(found.quantity)::bigint AS quantity,
    coalesce(
        array_agg(serial_unit.number ORDER BY serial_unit.number) FILTER (WHERE serial_unit.number IS NOT NULL), '{}'
    ) AS serial_numbers
FROM found
LEFT JOIN lotwatch.serial_unit AS serial_unit ON found.serial_id = serial_unit.serial_id AND found.serial_id <> 0
WHERE found.quantity <> 0
GROUP BY 1, 2, 3, 4, 5
HAVING sum(found.quantity) <> 0
ORDER BY 1, 2, 3, 4, 5;

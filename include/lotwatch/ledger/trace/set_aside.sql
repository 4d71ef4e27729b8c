-- For which orders, of which department or customer, are these lots and serial units set aside?
WITH unit AS (
    SELECT
        serial_id,
        lot_id
    FROM unnest(%(units)s::bigint[], %(units_lots)s::bigint[]) AS given (serial_id, lot_id)
),

part AS (
    SELECT
        known.lot_id AS subject_lot_id,
        0::bigint AS subject_serial_id,
        known.*
    FROM lotwatch.allocation AS known
    WHERE known.lot_id = ANY(%(lots)s::bigint[]) AND known.lot_id <> 0
    UNION ALL
    SELECT
        unit.lot_id,
        CASE WHEN unit.lot_id = 0 THEN unit.serial_id ELSE 0 END,
        known.*
    FROM unit
    INNER JOIN lotwatch.allocation AS known ON unit.serial_id = known.serial_id
    WHERE known.serial_id <> 0 AND (unit.lot_id = 0 OR known.lot_id = 0)
)

SELECT
    part.subject_lot_id AS lot_id,
    part.subject_serial_id AS serial_id,
    part.location_id,
    part.quantity,
    part.allocated_at,
    coalesce(demand.number, demand.source_key) AS demand_order,
    demand.customer_location_id AS wanted_at_id
FROM part
LEFT JOIN lotwatch.demand_order_line AS wanted ON part.source = wanted.source AND part.demand_line_key = wanted.source_key
LEFT JOIN lotwatch.demand_order AS demand ON wanted.demand_order_id = demand.demand_order_id
WHERE
    part.allocated_at <= %(until)s::timestamptz
    AND (part.closed_at IS NULL OR part.closed_at > %(until)s::timestamptz)
ORDER BY part.subject_lot_id, part.subject_serial_id, part.allocated_at, part.source_key;

-- Which deliveries are these lots and serial units in, and for which order, of which department or customer?
WITH unit AS (
    SELECT
        serial_id,
        lot_id
    FROM unnest(%(units)s::bigint[], %(units_lots)s::bigint[]) AS given (serial_id, lot_id)
),

line AS (
    SELECT
        known.lot_id AS subject_lot_id,
        0::bigint AS subject_serial_id,
        known.*
    FROM lotwatch.delivery_line AS known
    WHERE known.lot_id = ANY(%(lots)s::bigint[]) AND known.lot_id <> 0
    UNION ALL
    SELECT
        unit.lot_id,
        CASE WHEN unit.lot_id = 0 THEN unit.serial_id ELSE 0 END,
        known.*
    FROM unit
    INNER JOIN lotwatch.delivery_line AS known ON unit.serial_id = known.serial_id
    WHERE known.serial_id <> 0 AND (unit.lot_id = 0 OR known.lot_id = 0)
)

SELECT
    line.subject_lot_id AS lot_id,
    line.subject_serial_id AS serial_id,
    CASE
        WHEN delivery.from_site_id IS NULL THEN 'inbound'
        WHEN delivery.to_site_id IS NULL THEN 'outbound'
        ELSE 'internal'
    END AS direction,
    delivery.number,
    delivery.state,
    delivery.from_site_id,
    delivery.to_location_id,
    line.quantity,
    line.received_quantity,
    delivery.carrier,
    delivery.tracking_number,
    line.sscc,
    delivery.shipped_at,
    delivery.delivered_at,
    coalesce(demand.number, demand.source_key) AS demand_order,
    demand.customer_location_id AS wanted_at_id
FROM line
INNER JOIN lotwatch.delivery AS delivery ON line.delivery_id = delivery.delivery_id
LEFT JOIN lotwatch.demand_order_line AS wanted ON line.source = wanted.source AND line.demand_line_key = wanted.source_key
LEFT JOIN lotwatch.demand_order AS demand ON wanted.demand_order_id = demand.demand_order_id
WHERE delivery.shipped_at IS NULL OR delivery.shipped_at <= %(until)s::timestamptz
ORDER BY line.subject_lot_id, line.subject_serial_id, delivery.shipped_at, delivery.number, line.source_key;

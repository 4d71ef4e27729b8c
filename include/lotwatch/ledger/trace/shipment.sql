-- What came, or was sent, under this reference: a receipt's document, an order's number or reference, a delivery's number,
-- its carrier's tracking number, the SSCC of one of its packages, or the order of a department or customer that it is for?
WITH order_line AS (
    SELECT
        line.source_key,
        'order_number' AS matched
    FROM lotwatch.purchase_order_line AS line
    WHERE line.order_number = %(reference)s
    UNION ALL
    SELECT
        line.source_key,
        'order_reference'
    FROM lotwatch.purchase_order_line AS line
    WHERE line.order_reference = %(reference)s
),

sent AS (
    SELECT
        delivery.delivery_id,
        'delivery_number' AS matched
    FROM lotwatch.delivery AS delivery
    WHERE delivery.number = %(reference)s
    UNION ALL
    SELECT
        delivery.delivery_id,
        'tracking_number'
    FROM lotwatch.delivery AS delivery
    WHERE delivery.tracking_number = %(reference)s
),

wanted AS (
    SELECT
        line.source,
        line.source_key
    FROM lotwatch.demand_order AS demand
    INNER JOIN lotwatch.demand_order_line AS line ON demand.demand_order_id = line.demand_order_id
    WHERE demand.number = %(reference)s
),

came AS (
    SELECT
        'document' AS matched,
        movement.*
    FROM lotwatch.movement AS movement
    WHERE
        movement.document = %(reference)s AND movement.document IS NOT NULL
        AND movement.order_line_key IS NOT NULL
    UNION ALL
    SELECT
        order_line.matched,
        movement.*
    FROM order_line
    INNER JOIN lotwatch.movement AS movement ON order_line.source_key = movement.order_line_key
    WHERE movement.order_line_key IS NOT NULL
),

part AS (
    SELECT
        came.matched,
        came.item_id,
        came.lot_id,
        came.serial_id,
        came.quantity
    FROM came
    INNER JOIN lotwatch.location AS origin ON came.from_location_id = origin.location_id
    WHERE origin.kind = 'supplier' AND came.occurred_at <= %(until)s::timestamptz
    UNION ALL
    SELECT
        sent.matched,
        line.item_id,
        line.lot_id,
        line.serial_id,
        line.quantity
    FROM sent
    INNER JOIN lotwatch.delivery_line AS line ON sent.delivery_id = line.delivery_id
    UNION ALL
    SELECT
        'sscc',
        line.item_id,
        line.lot_id,
        line.serial_id,
        line.quantity
    FROM lotwatch.delivery_line AS line
    WHERE line.sscc = %(reference)s AND line.sscc IS NOT NULL
    UNION ALL
    SELECT
        'demand_order',
        line.item_id,
        line.lot_id,
        line.serial_id,
        line.quantity
    FROM wanted
    INNER JOIN lotwatch.delivery_line AS line ON wanted.source = line.source AND wanted.source_key = line.demand_line_key
    WHERE line.demand_line_key IS NOT NULL
    UNION ALL
    SELECT
        'demand_order',
        aside.item_id,
        aside.lot_id,
        aside.serial_id,
        aside.quantity
    FROM wanted
    INNER JOIN lotwatch.allocation AS aside ON wanted.source = aside.source AND wanted.source_key = aside.demand_line_key
    WHERE
        aside.demand_line_key IS NOT NULL AND aside.allocated_at <= %(until)s::timestamptz
        AND (aside.closed_at IS NULL OR aside.closed_at > %(until)s::timestamptz)
)

SELECT
    part.matched,
    item.code AS item_code,
    item.name AS item_name,
    part.lot_id,
    CASE WHEN part.lot_id = 0 THEN part.serial_id ELSE 0 END AS serial_id,
    sum(part.quantity)::bigint AS quantity
FROM part
INNER JOIN lotwatch.item AS item ON part.item_id = item.item_id
GROUP BY 1, 2, 3, 4, 5
ORDER BY 2, 4, 5, 1;

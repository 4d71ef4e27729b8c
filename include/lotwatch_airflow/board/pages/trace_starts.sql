-- What bears this number, or (`alike`) a number that contains it: lots, serial units and places, whatever the case of the
-- letters; and whether anything was sent under exactly this reference.
SELECT
    found.kind,
    found.item_code,
    found.name,
    found.number,
    found.usable_through
FROM (
    SELECT
        'lot' AS kind,
        item.code AS item_code,
        item.name,
        lot.number,
        lot.usable_through
    FROM lotwatch.lot AS lot
    INNER JOIN lotwatch.item AS item ON lot.item_id = item.item_id
    UNION ALL
    SELECT
        'serial',
        item.code,
        item.name,
        serial_unit.number,
        serial_unit.usable_through
    FROM lotwatch.serial_unit AS serial_unit
    INNER JOIN lotwatch.item AS item ON serial_unit.item_id = item.item_id
    UNION ALL
    SELECT
        'place',
        NULL,
        place.name,
        place.code,
        NULL
    FROM lotwatch.location AS place
    WHERE place.holds_stock
    UNION ALL
    SELECT
        'shipment',
        NULL,
        NULL,
        %(text)s,
        NULL
    WHERE
        EXISTS (
            SELECT 1 FROM lotwatch.purchase_order_line AS line
            WHERE %(text)s IN (line.order_number, line.order_reference)
        )
        OR EXISTS (
            SELECT 1 FROM lotwatch.delivery AS delivery
            WHERE %(text)s IN (delivery.number, delivery.tracking_number)
        )
        OR EXISTS (
            SELECT 1 FROM lotwatch.demand_order AS demand
            WHERE demand.number = %(text)s
        )
        OR EXISTS (
            SELECT 1 FROM lotwatch.delivery_line AS line
            WHERE line.sscc = %(text)s
        )
        OR EXISTS (
            SELECT 1 FROM lotwatch.movement AS movement
            WHERE movement.document = %(text)s AND movement.document IS NOT NULL AND movement.order_line_key IS NOT NULL
        )
) AS found
WHERE
    lower(found.number) = lower(%(text)s)
    OR (%(alike)s AND strpos(lower(found.number), lower(%(text)s)) > 0)
ORDER BY found.kind, found.number, found.item_code
LIMIT %(size)s

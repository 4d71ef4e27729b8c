-- Our own stock of these items that may be sent elsewhere: by place, lot and serial unit, the days until which it may be used,
-- and what of it somebody is to get already.
SELECT
    stock.item_id AS item,
    stock.site_id AS site,
    stock.location_id,
    stock.lot_id,
    stock.serial_id,
    stock.quantity - coalesce(going.quantity, 0) AS quantity,
    stock.usable_through - stock.today AS days,
    item.unit_cost::float AS unit_cost
FROM lotwatch.stock_state AS stock
INNER JOIN lotwatch.item AS item ON stock.item_id = item.item_id
LEFT JOIN lotwatch.proposed_outbound AS going
    ON
        stock.item_id = going.item_id AND stock.location_id = going.location_id
        AND stock.lot_id = going.lot_id AND stock.serial_id = going.serial_id
WHERE
    stock.item_id = ANY(%(items)s::bigint[]) AND stock.status = 'unrestricted' AND stock.sound AND stock.owner = 'own'
    AND stock.quantity > coalesce(going.quantity, 0) AND item.active
ORDER BY stock.item_id, stock.site_id, stock.usable_through NULLS LAST, stock.lot_id, stock.serial_id, stock.location_id;

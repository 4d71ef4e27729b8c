-- In which places of their sites do these lots and serial units lie? Not told of what lies in the site itself.
SELECT
    stock.item_id,
    stock.site_id,
    stock.lot_id,
    stock.serial_id,
    place.code,
    place.name,
    sum(stock.quantity)::bigint AS quantity
FROM lotwatch.stock_state AS stock
INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
WHERE
    stock.item_id = any(%(items)s::bigint[]) AND stock.site_id = any(%(sites)s::bigint[])
    AND stock.lot_id = any(%(lots)s::bigint[]) AND place.location_id <> place.site_id
GROUP BY stock.item_id, stock.site_id, stock.lot_id, stock.serial_id, place.code, place.name
ORDER BY place.code

-- What may be picked of these items at these sites: sound stock on shelves, not what departments have got already, nor what lies
-- where it is too warm or too cold for it; less what is going elsewhere.
SELECT
    stock.item_id,
    stock.site_id,
    stock.lot_id,
    stock.serial_id,
    stock.location_id,
    place.code,
    sum(stock.quantity)::bigint - coalesce(min(going.quantity), 0) AS quantity,
    min(stock.usable_through) AS last_day,
    item.label_expiry AS dated,
    coalesce(item.unit_cost, 0)::float AS unit_cost,
    place.x_m::float AS x,
    place.y_m::float AS y,
    place.pick_sequence
FROM lotwatch.stock_state AS stock
INNER JOIN lotwatch.item AS item ON stock.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
LEFT JOIN lotwatch.location AS around ON place.parent_id = around.location_id
LEFT JOIN lotwatch.place_range AS kept
    ON stock.location_id = kept.location_id AND num_nonnulls(item.storage_min_c, item.storage_max_c) > 0
LEFT JOIN lotwatch.proposed_outbound AS going
    ON
        stock.item_id = going.item_id AND stock.location_id = going.location_id
        AND stock.lot_id = going.lot_id AND stock.serial_id = going.serial_id
WHERE
    stock.item_id = ANY(%(items)s::bigint[]) AND stock.site_id = ANY(%(sites)s::bigint[])
    AND stock.status = 'unrestricted' AND stock.sound AND stock.owner IN ('own', 'consigned') AND stock.quantity > 0
    AND place.kind IN ('site', 'bin') AND around.kind IS DISTINCT FROM 'department'
    AND coalesce(kept.max_c <= item.storage_max_c, TRUE) AND coalesce(kept.min_c >= item.storage_min_c, TRUE)
GROUP BY stock.item_id, stock.site_id, stock.lot_id, stock.serial_id, stock.location_id, place.location_id, item.item_id
HAVING sum(stock.quantity) > coalesce(min(going.quantity), 0)
ORDER BY stock.item_id, stock.site_id, last_day NULLS LAST, stock.lot_id, stock.serial_id, place.code;

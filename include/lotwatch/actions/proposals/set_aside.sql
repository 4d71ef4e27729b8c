-- How much of these items is set aside at each site, for which lot (0: any)?
SELECT
    part.item_id AS item,
    part.site_id AS site,
    part.lot_id,
    part.serial_id,
    sum(part.quantity)::bigint AS quantity
FROM lotwatch.allocation_in_force AS part
WHERE part.item_id = ANY(%(items)s::bigint[])
GROUP BY part.item_id, part.site_id, part.lot_id, part.serial_id;

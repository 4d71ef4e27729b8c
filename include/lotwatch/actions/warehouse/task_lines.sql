-- The lines of what a warehouse is asked for, by the codes of its own system; a pick's along the walk, with what it was told to set
-- aside of the same for the same order already.
SELECT DISTINCT ON (line.stop, line.item_id, line.lot_id, line.serial_id, line.location_id)
    coalesce(item_there.their_code, item.code) AS item_code,
    coalesce(lot_there.their_code, lot.number) AS lot_number,
    unit.number AS serial_number,
    coalesce(place_there.their_code, place.code) AS location_code,
    line.quantity,
    (
        SELECT coalesce(sum(other.quantity), 0)::bigint
        FROM lotwatch.warehouse_task AS task
        INNER JOIN lotwatch.warehouse_task AS told
            ON
                task.warehouse = told.warehouse AND task.demand_order_key = told.demand_order_key
                AND told.warehouse_task_id <> task.warehouse_task_id
        INNER JOIN lotwatch.warehouse_task_line AS other ON told.warehouse_task_id = other.warehouse_task_id
        WHERE
            task.warehouse_task_id = line.warehouse_task_id AND task.kind = 'pick' AND told.kind = 'pick'
            AND told.state IN ('written', 'acknowledged')
            AND other.item_id = line.item_id AND other.lot_id = line.lot_id AND other.serial_id = line.serial_id
            AND other.location_id = line.location_id
    ) AS besides
FROM lotwatch.warehouse_task_line AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON line.location_id = place.location_id
LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
LEFT JOIN lotwatch.lot AS lot ON lot.lot_id = coalesce(unit.lot_id, nullif(line.lot_id, 0))
LEFT JOIN lotwatch.cross_reference AS item_there
    ON item_there.system = %(source)s AND item_there.kind = 'item' AND item_there.our_code = item.code
LEFT JOIN lotwatch.cross_reference AS lot_there
    ON lot_there.system = %(source)s AND lot_there.kind = 'lot' AND lot_there.our_code = lot.number
LEFT JOIN lotwatch.cross_reference AS place_there
    ON place_there.system = %(source)s AND place_there.kind = 'location' AND place_there.our_code = place.code
WHERE line.warehouse_task_id = %(task_id)s
ORDER BY line.stop, line.item_id, line.lot_id, line.serial_id, line.location_id;

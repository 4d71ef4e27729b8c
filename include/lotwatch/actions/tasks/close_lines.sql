-- How much of each line was dealt with.
UPDATE lotwatch.task_line AS line
SET done_quantity = said.quantity
FROM unnest(%(keys)s::text[], %(quantities)s::bigint[]) AS said (key, quantity)
WHERE
    line.task_id = %(task_id)s
    AND format('%%s.%%s.%%s.%%s', line.item_id, line.lot_id, line.serial_id, line.location_id) = said.key;

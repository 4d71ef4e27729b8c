-- What a guard has refused of a proposal, its warehouse is not told of.
DELETE FROM lotwatch.warehouse_task_line AS asked
USING lotwatch.warehouse_task AS task
INNER JOIN lotwatch.proposal_line AS line ON task.proposal_id = line.proposal_id AND line.refused
WHERE
    task.warehouse_task_id = %(task_id)s AND task.state = 'requested' AND asked.warehouse_task_id = task.warehouse_task_id
    AND asked.item_id = line.item_id AND asked.lot_id = line.lot_id AND asked.serial_id = line.serial_id
    AND asked.location_id = line.location_id;

-- What have warehouses been asked for a hold, and what do they say of it?
SELECT
    task.reference,
    task.kind,
    task.warehouse,
    task.state,
    task.their_number,
    task.their_state,
    task.error,
    task.requested_at,
    task.written_at,
    task.acknowledged_at,
    origin.code AS from_code,
    origin.name AS from_name,
    destination.code AS to_code,
    destination.name AS to_name,
    (
        SELECT sum(line.quantity) FROM lotwatch.warehouse_task_line AS line
        WHERE line.warehouse_task_id = task.warehouse_task_id
    ) AS quantity
FROM lotwatch.warehouse_task AS task
LEFT JOIN lotwatch.location AS origin ON task.from_location_id = origin.location_id
LEFT JOIN lotwatch.location AS destination ON task.to_location_id = destination.location_id
WHERE task.hold_id = %(hold)s
ORDER BY task.warehouse_task_id DESC
LIMIT 200;

-- What a warehouse is asked for, by the codes of its own system.
SELECT
    task.warehouse_task_id AS task_id,
    task.proposal_id,
    task.reference,
    task.warehouse,
    task.kind,
    task.hold_id,
    told.reference AS calls_back,
    task.state,
    coalesce(origin_there.their_code, origin.code) AS from_location,
    coalesce(destination_there.their_code, destination.code) AS to_location,
    coalesce(task.demand_order_key, told.demand_order_key) AS demand_order_key,
    coalesce(task.wanted_on, (forward.details ->> 'day_before')::date) AS wanted_on
FROM lotwatch.warehouse_task AS task
INNER JOIN lotwatch.location AS origin ON task.from_location_id = origin.location_id
LEFT JOIN lotwatch.location AS destination ON task.to_location_id = destination.location_id
LEFT JOIN lotwatch.cross_reference AS origin_there
    ON origin_there.system = %(source)s AND origin_there.kind = 'location' AND origin_there.our_code = origin.code
LEFT JOIN lotwatch.cross_reference AS destination_there
    ON
        destination_there.system = %(source)s AND destination_there.kind = 'location'
        AND destination_there.our_code = destination.code
LEFT JOIN lotwatch.warehouse_task AS told ON task.calls_back_task_id = told.warehouse_task_id
LEFT JOIN lotwatch.proposal AS forward ON told.kind = 'priority' AND told.proposal_id = forward.proposal_id
WHERE task.warehouse_task_id = %(task_id)s
ORDER BY origin_there.their_code, destination_there.their_code
LIMIT 1;

-- Which picks and transfers of what the case concerns are called back from warehouses, and what do these say of it?
SELECT
    task.reference,
    task.warehouse,
    task.state,
    task.error,
    task.their_number,
    task.their_state,
    coalesce(task.acknowledged_at, task.requested_at) AS moment,
    coalesce(
        (
            SELECT min(demand.number) FROM lotwatch.demand_order AS demand
            WHERE demand.source_key = task.demand_order_key
        ),
        told.their_number, told.reference, task.demand_order_key
    ) AS number,
    site.code AS site_code,
    site.name AS site_name,
    concerned.lots,
    concerned.quantity
FROM lotwatch.warehouse_task AS task
INNER JOIN lotwatch.location AS site ON task.site_id = site.location_id
LEFT JOIN lotwatch.warehouse_task AS told ON task.calls_back_task_id = told.warehouse_task_id
CROSS JOIN
    LATERAL (
        SELECT
            string_agg(
                concat_ws(' ', item.code, coalesce(unit.number, lot.number)), ', ' ORDER BY item.code, lot.number, unit.number
            ) AS lots,
            sum(line.quantity) AS quantity
        FROM lotwatch.warehouse_task_line AS line
        INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
        LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
        LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
        WHERE
            line.warehouse_task_id = task.warehouse_task_id
            AND EXISTS (
                SELECT FROM lotwatch.recall_match_current AS known
                WHERE
                    known.case_id = %(case_id)s AND known.item_id = line.item_id AND known.verdict <> 'not_affected'
                    AND (known.lot_id = 0 OR known.lot_id = coalesce(unit.lot_id, line.lot_id))
                    AND (known.serial_id = 0 OR known.serial_id = line.serial_id)
            )
    ) AS concerned
WHERE task.kind = 'call_back' AND task.state <> 'cancelled' AND concerned.quantity > 0
ORDER BY task.state = 'acknowledged', task.warehouse_task_id
LIMIT 200

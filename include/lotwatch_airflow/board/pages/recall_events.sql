-- What was done about the case, by whom and when, as the audit trail has it? With names for the numbers that it keeps.
SELECT
    event.audit_event_id,
    event.recorded_at,
    event.actor,
    event.action,
    event.reason,
    coalesce(event.after, '{}')
    - '{item_id,lot_id,serial_id,location_id,party_id,match_id,reference,case_reference}'::text[]
    - CASE WHEN event.object_kind = 'recall_case' THEN 'task' ELSE '' END -- of a hold: the warehouse's
    || jsonb_strip_nulls(jsonb_build_object(
        'item', coalesce(event.after ->> 'item', item.code),
        'lot', coalesce(event.after ->> 'lot', lot.number),
        'serial', unit.number,
        'place', coalesce(answering.name, place.name),
        'supplier', supplier.name
    )) AS after
FROM lotwatch.recall_event AS event
LEFT JOIN lotwatch.recall_task AS task
    ON CASE WHEN event.object_kind = 'recall_case' THEN (event.after ->> 'task')::bigint END = task.task_id
LEFT JOIN lotwatch.hold AS hold ON CASE WHEN event.object_kind = 'hold' THEN event.object_id::bigint END = hold.hold_id
LEFT JOIN lotwatch.item AS item ON coalesce(hold.item_id, (event.after ->> 'item_id')::bigint) = item.item_id
LEFT JOIN lotwatch.lot AS lot ON coalesce(hold.lot_id, (event.after ->> 'lot_id')::bigint) = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON coalesce(hold.serial_id, (event.after ->> 'serial_id')::bigint) = unit.serial_id
LEFT JOIN lotwatch.location AS place ON coalesce(task.place_id, hold.location_id) = place.location_id
LEFT JOIN lotwatch.location AS answering
    ON event.after ->> 'party' = 'site' AND (event.after ->> 'party_id')::bigint = answering.location_id
LEFT JOIN lotwatch.supplier AS supplier
    ON event.after ->> 'party' = 'supplier' AND (event.after ->> 'party_id')::bigint = supplier.supplier_id
WHERE event.case_id = %(case_id)s
ORDER BY event.audit_event_id DESC
LIMIT %(most)s

-- What does each task expect, by the books, that it does not have yet? Of a kind that the action asks no longer: nothing. A
-- task that was done is open again when something is added.
WITH added AS (
    INSERT INTO lotwatch.recall_task_line (task_id, item_id, lot_id, serial_id, location_id, expected)
    SELECT
        task.task_id,
        unit.item_id,
        unit.lot_id,
        unit.serial_id,
        unit.location_id,
        sum(unit.quantity)::bigint
    FROM lotwatch.recall_task AS task
    INNER JOIN lotwatch.recall_unit AS unit
        ON
            task.case_id = unit.case_id AND task.place_id = unit.place_id
            AND (task.kind = 'follow_up') = (unit.whereabouts IN ('used', 'possible'))
    WHERE task.case_id = %(case_id)s AND (task.kind = 'follow_up' OR task.kind = ANY(%(kinds)s::text[]))
    GROUP BY task.task_id, unit.item_id, unit.lot_id, unit.serial_id, unit.location_id
    ON CONFLICT (task_id, item_id, lot_id, serial_id, location_id) DO NOTHING
    RETURNING task_id
)

UPDATE lotwatch.recall_task AS task SET state = 'open', done_at = NULL, done_by = NULL
FROM added
WHERE task.task_id = added.task_id AND task.state = 'done';

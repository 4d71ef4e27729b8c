-- Write down a find, once for its request; no row: it was written before.
INSERT INTO lotwatch.recall_find (
    task_id, request_id, outcome, standing, item_id, lot_id, serial_id, said, quantity, note, found_at, found_by
)
VALUES (
    %(task_id)s,
    %(request_id)s,
    %(outcome)s,
    CASE
        WHEN %(item_id)s::bigint IS NULL THEN 'unknown'
        WHEN EXISTS (
            SELECT FROM lotwatch.recall_task_line AS line
            WHERE
                line.task_id = %(task_id)s AND line.item_id = %(item_id)s
                AND line.lot_id = %(lot_id)s AND line.serial_id = %(serial_id)s
        ) THEN 'listed'
        ELSE 'elsewhere'
    END,
    %(item_id)s, %(lot_id)s, %(serial_id)s, %(said)s, %(quantity)s, %(note)s, %(at)s, %(by)s
)
ON CONFLICT (request_id) DO NOTHING
RETURNING standing;

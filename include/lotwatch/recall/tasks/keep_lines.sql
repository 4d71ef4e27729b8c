-- What does each task expect, by the books? Of a kind that the action asks no longer: nothing. A task that nobody has begun
-- follows the books; one that somebody has begun keeps its lines, gets those that it does not have yet, and is open again when
-- it was done. Lines that stay as they are are not written again.
WITH task AS MATERIALIZED (
    SELECT
        known.task_id,
        known.place_id,
        known.kind = 'follow_up' AS is_follow_up,
        known.kind = 'follow_up' OR known.kind = ANY(%(kinds)s::text[]) AS is_asked,
        known.state <> 'done' AND known.acknowledged_at IS NULL
        AND NOT EXISTS (
            SELECT FROM lotwatch.recall_find AS find
            WHERE find.task_id = known.task_id
        ) AS follows
    FROM lotwatch.recall_task AS known
    WHERE known.case_id = %(case_id)s
),

expected AS MATERIALIZED (
    SELECT
        task.task_id,
        task.follows,
        unit.item_id,
        unit.lot_id,
        unit.serial_id,
        unit.location_id,
        sum(unit.quantity)::bigint AS expected
    FROM task
    INNER JOIN lotwatch.recall_unit AS unit
        ON task.place_id = unit.place_id AND task.is_follow_up = (unit.whereabouts IN ('used', 'possible'))
    WHERE unit.case_id = %(case_id)s AND task.is_asked
    GROUP BY task.task_id, task.follows, unit.item_id, unit.lot_id, unit.serial_id, unit.location_id
),

line AS MATERIALIZED (
    SELECT
        known.*,
        task.follows
    FROM task
    INNER JOIN lotwatch.recall_task_line AS known ON task.task_id = known.task_id
),

compared AS MATERIALIZED (
    SELECT
        task_id,
        item_id,
        lot_id,
        serial_id,
        location_id,
        coalesce(expected.follows, line.follows) AS follows,
        expected.expected,
        line.expected AS was
    FROM expected
    FULL JOIN line USING (task_id, item_id, lot_id, serial_id, location_id)
),

gone AS (
    DELETE FROM lotwatch.recall_task_line AS line
    USING compared
    WHERE
        compared.follows AND compared.expected IS NULL
        AND (line.task_id, line.item_id, line.lot_id, line.serial_id, line.location_id)
        = (compared.task_id, compared.item_id, compared.lot_id, compared.serial_id, compared.location_id)
),

kept AS (
    INSERT INTO lotwatch.recall_task_line (task_id, item_id, lot_id, serial_id, location_id, expected)
    SELECT
        compared.task_id,
        compared.item_id,
        compared.lot_id,
        compared.serial_id,
        compared.location_id,
        compared.expected
    FROM compared
    WHERE compared.was IS NULL OR (compared.follows AND compared.was <> compared.expected)
    ON CONFLICT (task_id, item_id, lot_id, serial_id, location_id) DO UPDATE SET expected = excluded.expected
    RETURNING task_id
)

UPDATE lotwatch.recall_task AS task SET state = 'open', done_at = NULL, done_by = NULL
FROM kept
WHERE task.task_id = kept.task_id AND task.state = 'done';

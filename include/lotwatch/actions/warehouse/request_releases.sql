-- What was set aside for a hold that is released, and is under no other hold now: back to where it came from, as far as
-- it is still there. What is left of it elsewhere, a person has taken on.
WITH back AS (
    SELECT
        task.warehouse_task_id,
        task.hold_id,
        task.site_id,
        task.from_location_id,
        task.to_location_id,
        line.item_id,
        line.lot_id,
        line.serial_id,
        least(line.quantity, there.quantity) AS quantity
    FROM lotwatch.warehouse_task AS task
    INNER JOIN lotwatch.hold AS hold ON hold.hold_id = task.hold_id
    INNER JOIN lotwatch.warehouse_task_line AS line ON line.warehouse_task_id = task.warehouse_task_id
    CROSS JOIN
        LATERAL (
            SELECT coalesce(sum(known.quantity), 0) AS quantity
            FROM lotwatch.position AS known
            WHERE
                known.item_id = line.item_id AND known.location_id = task.to_location_id
                AND known.lot_id = line.lot_id AND known.serial_id = line.serial_id
        ) AS there
    WHERE
        task.warehouse = %(warehouse)s AND task.kind = 'hold' AND task.state = 'acknowledged'
        AND hold.released_at IS NOT NULL AND there.quantity > 0
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.warehouse_task AS earlier
            WHERE
                earlier.returns_task_id = task.warehouse_task_id
                AND (
                    earlier.state NOT IN ('refused', 'cancelled')
                    OR earlier.requested_at > %(as_of)s::timestamptz - interval '1 day'
                )
        )
        AND NOT EXISTS (
            SELECT 1
            FROM lotwatch.hold AS other
            LEFT JOIN lotwatch.serial_unit AS unit ON unit.serial_id = line.serial_id
            WHERE
                other.released_at IS NULL AND (other.item_id = line.item_id OR other.item_id IS NULL)
                AND (other.lot_id IS NULL OR other.lot_id = coalesce(unit.lot_id, line.lot_id))
                AND (other.serial_id IS NULL OR other.serial_id = line.serial_id)
                AND (
                    other.location_id IS NULL
                    OR other.location_id IN (task.from_location_id, task.to_location_id, task.site_id)
                )
        )
),

made AS (
    INSERT INTO lotwatch.warehouse_task (
        warehouse, kind, hold_id, returns_task_id, site_id, from_location_id, to_location_id, requested_by, requested_at
    )
    SELECT DISTINCT
        %(warehouse)s,
        'release',
        back.hold_id,
        back.warehouse_task_id,
        back.site_id,
        back.to_location_id,
        back.from_location_id,
        %(actor)s,
        %(as_of)s::timestamptz
    FROM back
    RETURNING warehouse_task_id, hold_id, returns_task_id
),

lined AS (
    INSERT INTO lotwatch.warehouse_task_line (warehouse_task_id, item_id, lot_id, serial_id, location_id, quantity)
    SELECT
        made.warehouse_task_id,
        back.item_id,
        back.lot_id,
        back.serial_id,
        back.to_location_id,
        back.quantity
    FROM back
    INNER JOIN made ON made.returns_task_id = back.warehouse_task_id
)

SELECT
    made.warehouse_task_id,
    made.hold_id
FROM made
ORDER BY made.warehouse_task_id;

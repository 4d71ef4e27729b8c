-- What is held here and still free for the warehouse to give out: a task for each hold and place, to set it aside.
-- Under several holds it is the oldest's. What is asked for already does not count, nor what the warehouse has set aside
-- and its movements have not told yet, nor what it refused within a day.
WITH kept AS (
    SELECT
        site.location_id AS site_id,
        blocked.location_id AS blocked_id
    FROM lotwatch.location AS site
    INNER JOIN lotwatch.location AS blocked ON blocked.code = replace(%(blocked)s, '{site}', site.code)
    WHERE site.kind = 'site' AND site.code LIKE ANY(%(sites)s::text[])
),

free AS (
    SELECT
        min(oldest.hold_id) AS hold_id,
        oldest.item_id,
        oldest.location_id,
        oldest.lot_id,
        oldest.serial_id,
        sum(oldest.quantity) AS quantity
    FROM (
        SELECT DISTINCT ON (held.item_id, held.location_id, held.lot_id, held.serial_id, held.owner) held.*
        FROM lotwatch.held_stock AS held
        WHERE held.status = 'unrestricted' AND held.quantity > 0
        ORDER BY held.item_id, held.location_id, held.lot_id, held.serial_id, held.owner, held.hold_id
    ) AS oldest
    GROUP BY oldest.item_id, oldest.location_id, oldest.lot_id, oldest.serial_id
),

asked AS (
    SELECT
        line.item_id,
        line.location_id,
        line.lot_id,
        line.serial_id,
        sum(line.quantity) AS quantity
    FROM lotwatch.warehouse_task AS task
    INNER JOIN lotwatch.warehouse_task_line AS line ON line.warehouse_task_id = task.warehouse_task_id
    WHERE
        task.warehouse = %(warehouse)s AND task.kind = 'hold'
        AND (
            task.state IN ('requested', 'written')
            OR (task.state = 'refused' AND task.requested_at > %(as_of)s::timestamptz - interval '1 day')
            OR (
                task.state = 'acknowledged'
                AND NOT EXISTS (
                    SELECT 1 FROM lotwatch.batch AS batch
                    WHERE
                        batch.source = %(source)s AND batch.state = 'posted'
                        AND batch.created_at > task.acknowledged_at
                )
            )
        )
    GROUP BY line.item_id, line.location_id, line.lot_id, line.serial_id
),

wanted AS (
    SELECT
        free.hold_id,
        kept.site_id,
        kept.blocked_id,
        free.item_id,
        free.location_id,
        free.lot_id,
        free.serial_id,
        free.quantity - coalesce(asked.quantity, 0) AS quantity
    FROM free
    INNER JOIN lotwatch.location AS place ON place.location_id = free.location_id
    INNER JOIN kept ON kept.site_id = place.site_id
    LEFT JOIN asked
        ON
            asked.item_id = free.item_id AND asked.location_id = free.location_id
            AND asked.lot_id = free.lot_id AND asked.serial_id = free.serial_id
    WHERE place.location_id <> kept.blocked_id AND free.quantity > coalesce(asked.quantity, 0)
),

made AS (
    INSERT INTO lotwatch.warehouse_task (
        warehouse, kind, hold_id, site_id, from_location_id, to_location_id, requested_by, requested_at
    )
    SELECT DISTINCT
        %(warehouse)s,
        'hold',
        wanted.hold_id,
        wanted.site_id,
        wanted.location_id,
        wanted.blocked_id,
        %(actor)s,
        %(as_of)s::timestamptz
    FROM wanted
    RETURNING warehouse_task_id, hold_id, from_location_id
),

lined AS (
    INSERT INTO lotwatch.warehouse_task_line (warehouse_task_id, item_id, lot_id, serial_id, location_id, quantity)
    SELECT
        made.warehouse_task_id,
        wanted.item_id,
        wanted.lot_id,
        wanted.serial_id,
        wanted.location_id,
        wanted.quantity
    FROM wanted
    INNER JOIN made ON made.hold_id = wanted.hold_id AND made.from_location_id = wanted.location_id
)

SELECT
    made.warehouse_task_id,
    made.hold_id
FROM made
ORDER BY made.warehouse_task_id;

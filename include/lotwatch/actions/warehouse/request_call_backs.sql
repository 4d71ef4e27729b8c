-- What is held and about to leave: picks, transfers and what is brought forward that no warehouse was told of yet is cancelled, and one
-- call-back is made for each order or transfer that one was told of, or that it serves from what it set aside by itself. Of these
-- holds, or of all that no warehouse has confirmed.
-- What is called back already is not again, unless it was set aside since.
WITH RECURSIVE held AS MATERIALIZED (
    SELECT hold.*
    FROM lotwatch.hold AS hold
    WHERE
        hold.released_at IS NULL
        AND CASE
            WHEN %(holds)s::bigint[] IS NULL THEN hold.confirmed_at IS NULL
            ELSE hold.hold_id = ANY(%(holds)s::bigint[])
        END
),

place AS (
    SELECT
        held.hold_id,
        held.location_id
    FROM held
    WHERE held.location_id IS NOT NULL
    UNION
    SELECT
        place.hold_id,
        below.location_id
    FROM place
    INNER JOIN lotwatch.location AS below ON place.location_id = below.parent_id
),

known AS (
    SELECT
        told.warehouse,
        told.source
    FROM unnest(%(warehouses)s::text[], %(sources)s::text[]) AS told (warehouse, source)
),

-- a hold of a place alone is one of each item that lies there
concerned AS (
    SELECT
        held.hold_id,
        held.item_id,
        held.lot_id,
        held.serial_id,
        held.location_id
    FROM held
    WHERE held.item_id IS NOT NULL
    UNION
    SELECT
        held.hold_id,
        lying.item_id,
        NULL,
        NULL,
        held.location_id
    FROM held
    INNER JOIN place ON held.hold_id = place.hold_id
    INNER JOIN lotwatch.position AS lying ON place.location_id = lying.location_id
    WHERE held.item_id IS NULL
),

affected AS MATERIALIZED (
    SELECT
        concerned.hold_id,
        going.*
    FROM concerned
    CROSS JOIN
        LATERAL (
            SELECT
                known.warehouse,
                task.warehouse_task_id AS task_id,
                task.demand_order_key AS order_key,
                CASE WHEN task.kind = 'transfer' THEN task.warehouse_task_id END AS told_id,
                task.site_id,
                task.requested_at AS since,
                task.state = 'requested' AND queued.state = 'waiting' AS untold,
                line.item_id,
                line.location_id,
                line.lot_id,
                line.serial_id,
                line.quantity
            FROM lotwatch.warehouse_task_line AS line
            INNER JOIN lotwatch.warehouse_task AS task ON line.warehouse_task_id = task.warehouse_task_id
            INNER JOIN known ON task.warehouse = known.warehouse
            LEFT JOIN lotwatch.outbox AS queued
                ON task.state = 'requested' AND queued.idempotency_key = 'warehouse_task:' || task.warehouse_task_id
            WHERE
                line.item_id = concerned.item_id
                AND (concerned.lot_id IS NULL OR line.serial_id <> 0 OR line.lot_id = concerned.lot_id)
                AND task.kind IN ('pick', 'transfer') AND task.state IN ('requested', 'written', 'acknowledged')
                -- what our books show to have ended is no more to be stopped; a transfer that they never show, after two weeks
                AND CASE task.kind
                    WHEN 'pick'
                        THEN (
                            SELECT bool_and(wanted.state IN ('done', 'cancelled'))
                            FROM lotwatch.demand_order AS demand
                            INNER JOIN lotwatch.demand_order_line AS wanted
                                ON demand.demand_order_id = wanted.demand_order_id
                            WHERE
                                demand.source = known.source AND demand.source_key = task.demand_order_key
                                AND wanted.item_id = line.item_id
                        ) IS NOT TRUE
                    ELSE
                        coalesce(
                            (
                                SELECT bool_or(delivery.state IN ('planned', 'shipped'))
                                FROM lotwatch.delivery AS delivery
                                INNER JOIN lotwatch.location AS bound ON task.to_location_id = bound.location_id
                                WHERE
                                    -- documents of different kinds may bear one number
                                    delivery.source = known.source AND delivery.number = task.their_number
                                    AND delivery.from_site_id = task.site_id AND delivery.to_site_id = bound.site_id
                            ),
                            task.requested_at > %(as_of)s::timestamptz - interval '14 days'
                        )
                END
            UNION ALL
            SELECT
                known.warehouse,
                NULL,
                demand.source_key,
                NULL,
                place.site_id,
                aside.allocated_at,
                FALSE,
                aside.item_id,
                aside.location_id,
                aside.lot_id,
                aside.serial_id,
                aside.quantity
            FROM lotwatch.allocation AS aside
            INNER JOIN known ON aside.source = known.source
            INNER JOIN lotwatch.demand_order_line AS wanted
                ON aside.source = wanted.source AND aside.demand_line_key = wanted.source_key AND wanted.state = 'open'
            INNER JOIN lotwatch.demand_order AS demand ON wanted.demand_order_id = demand.demand_order_id
            INNER JOIN lotwatch.location AS place ON aside.location_id = place.location_id
            WHERE
                aside.item_id = concerned.item_id
                AND (concerned.lot_id IS NULL OR aside.serial_id <> 0 OR aside.lot_id = concerned.lot_id)
                AND aside.closed_at IS NULL AND place.site_id IS NOT NULL
            UNION ALL
            -- what is brought forward: of a transfer that names lots these, else all of the item
            SELECT
                known.warehouse,
                task.warehouse_task_id,
                NULL,
                task.warehouse_task_id AS told_id, -- noqa: AL08
                task.site_id,
                task.requested_at,
                task.state = 'requested' AND queued.state = 'waiting',
                line.item_id,
                line.location_id,
                coalesce(planned.lot_id, 0),
                coalesce(planned.serial_id, 0),
                coalesce(planned.quantity, line.quantity)
            FROM lotwatch.warehouse_task_line AS line
            INNER JOIN lotwatch.warehouse_task AS task ON line.warehouse_task_id = task.warehouse_task_id
            INNER JOIN known ON task.warehouse = known.warehouse
            LEFT JOIN lotwatch.outbox AS queued
                ON task.state = 'requested' AND queued.idempotency_key = 'warehouse_task:' || task.warehouse_task_id
            LEFT JOIN lotwatch.planned_transfer_line AS planned
                ON
                    known.source = planned.source AND task.demand_order_key = planned.source_key
                    AND line.item_id = planned.item_id
            WHERE
                line.item_id = concerned.item_id AND task.kind = 'priority'
                AND task.state IN ('requested', 'written', 'acknowledged')
                AND (concerned.lot_id IS NULL OR planned.serial_id <> 0 OR planned.lot_id = concerned.lot_id)
                AND (
                    planned.item_id IS NOT NULL
                    OR EXISTS (
                        SELECT FROM lotwatch.demand_order AS demand
                        INNER JOIN lotwatch.demand_order_line AS wanted
                            ON demand.demand_order_id = wanted.demand_order_id
                        WHERE
                            demand.source = known.source AND demand.source_key = task.demand_order_key
                            AND wanted.item_id = line.item_id AND wanted.state = 'open'
                    )
                )
        ) AS going
    LEFT JOIN lotwatch.serial_unit AS unit ON going.serial_id = unit.serial_id
    WHERE
        (concerned.lot_id IS NULL OR concerned.lot_id = coalesce(unit.lot_id, going.lot_id))
        AND (concerned.serial_id IS NULL OR concerned.serial_id = going.serial_id)
        AND (
            concerned.location_id IS NULL
            OR EXISTS (
                SELECT FROM place
                WHERE place.hold_id = concerned.hold_id AND place.location_id = going.location_id
            )
        )
),

withdrawn AS (
    UPDATE lotwatch.warehouse_task AS task SET state = 'cancelled'
    FROM (
        SELECT
            affected.task_id,
            min(affected.hold_id) AS hold_id
        FROM affected
        WHERE affected.untold
        GROUP BY affected.task_id
    ) AS untold
    WHERE task.warehouse_task_id = untold.task_id
    RETURNING task.warehouse_task_id, task.warehouse, task.reference, untold.hold_id
),

made AS (
    INSERT INTO lotwatch.warehouse_task (
        warehouse, kind, hold_id, calls_back_task_id, demand_order_key, site_id, from_location_id, requested_by, requested_at
    )
    SELECT DISTINCT ON (affected.warehouse, affected.order_key, affected.told_id)
        affected.warehouse,
        'call_back',
        affected.hold_id,
        affected.told_id,
        affected.order_key,
        affected.site_id,
        affected.site_id AS from_location_id,
        %(actor)s,
        %(as_of)s::timestamptz
    FROM affected
    WHERE
        NOT affected.untold
        AND NOT EXISTS (
            SELECT FROM lotwatch.warehouse_task AS earlier
            WHERE
                earlier.kind = 'call_back' AND earlier.warehouse = affected.warehouse
                AND (earlier.demand_order_key = affected.order_key OR earlier.calls_back_task_id = affected.told_id)
                AND (
                    earlier.state IN ('requested', 'written')
                    OR (earlier.state <> 'cancelled' AND earlier.requested_at >= affected.since)
                )
        )
    ORDER BY affected.warehouse, affected.order_key, affected.told_id, affected.hold_id
    ON CONFLICT DO NOTHING
    RETURNING warehouse_task_id, warehouse, reference, hold_id, demand_order_key, calls_back_task_id
),

lined AS (
    INSERT INTO lotwatch.warehouse_task_line (warehouse_task_id, item_id, lot_id, serial_id, location_id, quantity)
    SELECT
        made.warehouse_task_id,
        affected.item_id,
        affected.lot_id,
        affected.serial_id,
        affected.location_id,
        max(affected.quantity)
    FROM made
    INNER JOIN affected
        ON
            affected.warehouse = made.warehouse AND affected.order_key IS NOT DISTINCT FROM made.demand_order_key
            AND affected.told_id IS NOT DISTINCT FROM made.calls_back_task_id
    WHERE NOT affected.untold
    GROUP BY
        made.warehouse_task_id, affected.item_id, affected.lot_id, affected.serial_id, affected.location_id
)

SELECT
    withdrawn.warehouse_task_id,
    withdrawn.warehouse,
    withdrawn.reference,
    withdrawn.hold_id,
    TRUE AS is_withdrawn
FROM withdrawn
UNION ALL
SELECT
    made.warehouse_task_id,
    made.warehouse,
    made.reference,
    made.hold_id,
    FALSE
FROM made
ORDER BY warehouse_task_id;

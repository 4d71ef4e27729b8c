-- A proposal for each open alert whose rule asks for it, with what the alert is about as its one line: a lot or serial unit where
-- most of it lies, an item at a site, or the line of an order. Not where one is under way, or was said no to or closed only just now.
WITH concerned AS (
    SELECT
        alert.alert_id,
        (alert.subject ->> 'item_id')::bigint AS item_id,
        coalesce(
            (alert.subject ->> 'lot_id')::bigint,
            (
                SELECT lot.lot_id FROM lotwatch.lot AS lot
                WHERE lot.item_id = (alert.subject ->> 'item_id')::bigint AND lot.number = alert.subject ->> 'lot_number'
            ),
            0
        ) AS lot_id,
        coalesce((
            SELECT unit.serial_id FROM lotwatch.serial_unit AS unit
            WHERE unit.item_id = (alert.subject ->> 'item_id')::bigint AND unit.number = alert.subject ->> 'serial_number'
        ), 0) AS serial_id,
        (alert.subject ->> 'site_id')::bigint AS site_id,
        CASE WHEN alert.subject_kind = 'order_line' THEN alert.subject_key END AS order_line,
        alert.subject ->> 'order_number' AS order_number
    FROM lotwatch.alert AS alert
    WHERE
        (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
        AND alert.subject ? 'item_id'
        AND NOT EXISTS (
            SELECT 1
            FROM lotwatch.proposal_line AS line
            INNER JOIN lotwatch.proposal AS known ON line.proposal_id = known.proposal_id
            WHERE
                line.alert_id = alert.alert_id AND known.kind = %(kind)s AND NOT known.details ? 'confirms'
                AND (
                    EXISTS (
                        SELECT 1 FROM lotwatch.proposal_alive AS alive
                        WHERE alive.proposal_id = known.proposal_id
                    )
                    OR known.created_at > %(as_of)s::timestamptz - %(quiet)s::interval
                    OR EXISTS (
                        SELECT 1 FROM lotwatch.task AS task
                        WHERE
                            task.proposal_id = known.proposal_id
                            AND task.closed_at > %(as_of)s::timestamptz - %(quiet)s::interval
                    )
                )
        )
),

placed AS (
    SELECT
        concerned.*,
        coalesce(concerned.site_id, most.site_id) AS at_id,
        greatest(1, coalesce(most.quantity, 1)) AS quantity
    FROM concerned
    LEFT JOIN
        LATERAL (
            SELECT
                stock.site_id,
                sum(stock.quantity)::bigint AS quantity
            FROM lotwatch.stock_state AS stock
            WHERE
                concerned.order_line IS NULL AND stock.item_id = concerned.item_id
                AND stock.site_id = coalesce(concerned.site_id, stock.site_id)
                AND (concerned.lot_id = 0 OR stock.lot_id = concerned.lot_id)
                AND (concerned.serial_id = 0 OR stock.serial_id = concerned.serial_id)
            GROUP BY stock.site_id
            ORDER BY quantity DESC, stock.site_id
            LIMIT 1
        ) AS most
        ON TRUE
),

header AS (
    INSERT INTO lotwatch.proposal (kind, site_id, currency, created_at, requested_by, cost, details)
    SELECT
        %(kind)s,
        placed.at_id,
        'EUR',
        %(as_of)s,
        'checks',
        0,
        %(details)s || jsonb_build_object(
            'alert_id', placed.alert_id, 'order_line', placed.order_line, 'order_number', placed.order_number
        )
    FROM placed
    WHERE placed.at_id IS NOT NULL
    RETURNING proposal_id, code, details
),

line AS (
    INSERT INTO lotwatch.proposal_line (
        proposal_id, item_id, lot_id, serial_id, location_id, alert_id, quantity, unit_price, requested_on, why
    )
    SELECT
        header.proposal_id,
        placed.item_id,
        placed.lot_id,
        placed.serial_id,
        CASE WHEN placed.order_line IS NULL THEN placed.at_id ELSE 0 END,
        placed.alert_id,
        placed.quantity,
        0,
        ((%(as_of)s::timestamptz + %(within)s::interval) AT TIME ZONE 'UTC')::date,
        '{}'
    FROM header
    INNER JOIN placed ON (header.details ->> 'alert_id')::bigint = placed.alert_id
)

SELECT code FROM header
ORDER BY code;

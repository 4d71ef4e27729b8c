-- Of these items, what lies where: place by place, what of it is to go already, and until when its supplier takes it back or
-- another site can use it. Not what is held because of a recall: that is the recall's to decide; and nothing that somebody
-- said no to, or finished with, only just now.
WITH recalled AS MATERIALIZED (
    SELECT DISTINCT
        held.item_id,
        held.location_id,
        held.lot_id,
        held.serial_id
    FROM lotwatch.held_stock AS held
    INNER JOIN lotwatch.hold AS hold ON held.hold_id = hold.hold_id
    WHERE held.item_id = ANY(%(items)s::bigint[]) AND hold.cause IN ('recall', 'precaution')
),

-- what was proposed of a lot before: when it was turned down or done with at last, and whether its supplier was asked for credit
earlier AS MATERIALIZED (
    SELECT
        proposal.site_id,
        line.item_id,
        line.lot_id,
        line.serial_id,
        max(CASE
            WHEN proposal.state IN ('rejected', 'timed_out', 'refused', 'failed') THEN proposal.created_at
            ELSE task.closed_at
        END) AS ended_at,
        bool_or(
            proposal.state = 'sent' AND NOT line.refused AND proposal.details ->> 'disposition' = 'supplier_credit'
        ) AS credited
    FROM lotwatch.proposal AS proposal
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id
    LEFT JOIN lotwatch.task AS task ON proposal.proposal_id = task.proposal_id
    WHERE proposal.kind = 'disposition' AND line.item_id = ANY(%(items)s::bigint[])
    GROUP BY proposal.site_id, line.item_id, line.lot_id, line.serial_id
),

-- what somebody is to get or do already
going AS MATERIALIZED (
    SELECT
        outbound.item_id,
        outbound.location_id,
        outbound.lot_id,
        outbound.serial_id,
        sum(outbound.quantity)::bigint AS quantity
    FROM (
        SELECT
            item_id,
            location_id,
            lot_id,
            serial_id,
            quantity
        FROM lotwatch.proposed_outbound_line
        UNION ALL
        SELECT
            line.item_id,
            line.location_id,
            line.lot_id,
            line.serial_id,
            line.quantity
        FROM lotwatch.proposal_alive AS proposal
        INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
        WHERE
            proposal.kind = 'disposition' AND proposal.details ->> 'disposition' IN ('use_first', 'supplier_credit')
    ) AS outbound
    WHERE outbound.item_id = ANY(%(items)s::bigint[])
    GROUP BY outbound.item_id, outbound.location_id, outbound.lot_id, outbound.serial_id
),

ending AS MATERIALIZED (
    SELECT *
    FROM lotwatch.fact_ending_lot
    WHERE item_id = ANY(%(items)s::bigint[])
),

level AS MATERIALIZED (
    SELECT
        fact.item_id,
        fact.site_id,
        -- above the most that should be there, or all of what nobody uses
        CASE
            WHEN coalesce(fact.average_daily_usage, 0) = 0 THEN fact.available
            ELSE greatest(0, fact.available - fact.max_level)
        END AS surplus
    FROM lotwatch.fact_item_site AS fact
    WHERE fact.item_id = ANY(%(items)s::bigint[])
)

SELECT
    stock.item_id,
    stock.site_id,
    stock.location_id,
    stock.lot_id,
    stock.serial_id,
    stock.serial_number,
    stock.quantity,
    coalesce(going.quantity, 0) AS going,
    stock.owner = 'own' AS own,
    stock.status = 'unrestricted' AND stock.sound AS usable,
    stock.expired,
    stock.usable_through AS last_day,
    stock.today,
    ending.quantity_at_risk AS at_risk,
    ending.transfer_by,
    back.supplier_id,
    back.return_by,
    coalesce(back.price, item.unit_cost, 0)::float AS value,
    coalesce(back.currency, %(currency)s) AS currency,
    level.surplus,
    coalesce(earlier.credited, FALSE) AS credited
FROM lotwatch.stock_state AS stock
INNER JOIN lotwatch.item AS item ON stock.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON stock.site_id = site.location_id
LEFT JOIN going
    ON
        stock.item_id = going.item_id AND stock.location_id = going.location_id
        AND stock.lot_id = going.lot_id AND stock.serial_id = going.serial_id
LEFT JOIN recalled
    ON
        stock.item_id = recalled.item_id AND stock.location_id = recalled.location_id
        AND stock.serial_id = recalled.serial_id AND (stock.serial_id <> 0 OR stock.lot_id = recalled.lot_id)
LEFT JOIN earlier
    ON
        stock.item_id = earlier.item_id AND stock.site_id = earlier.site_id
        AND stock.lot_id = earlier.lot_id AND stock.serial_id = earlier.serial_id
LEFT JOIN ending
    ON
        stock.item_id = ending.item_id AND stock.site_id = ending.site_id
        AND stock.lot_id = ending.lot_id AND stock.serial_id = ending.serial_id
LEFT JOIN level ON stock.item_id = level.item_id AND stock.site_id = level.site_id
-- the supplier of the order that it came for, or of the agreement there is; the first receipt counts
LEFT JOIN
    LATERAL (
        SELECT
            agreement.supplier_id,
            agreement.price,
            agreement.currency,
            (movement.occurred_at AT TIME ZONE site.time_zone)::date + agreement.return_window_days AS return_by
        FROM lotwatch.movement AS movement
        INNER JOIN lotwatch.location AS origin
            ON movement.from_location_id = origin.location_id AND origin.kind = 'supplier'
        LEFT JOIN lotwatch.purchase_order_line AS line ON movement.order_line_key = line.source_key
        INNER JOIN lotwatch.supplier_agreement AS agreement
            ON
                movement.item_id = agreement.item_id
                AND agreement.supplier_id = coalesce(line.supplier_id, agreement.supplier_id)
        WHERE
            movement.item_id = stock.item_id
            AND (
                (stock.serial_id <> 0 AND movement.serial_id = stock.serial_id)
                OR (stock.serial_id = 0 AND movement.lot_id = stock.lot_id AND movement.serial_id = 0)
            )
        ORDER BY movement.occurred_at, agreement.supplier_id
        LIMIT 1
    ) AS back
    ON TRUE
WHERE
    stock.item_id = ANY(%(items)s::bigint[]) AND recalled.item_id IS NULL
    AND coalesce(earlier.ended_at < (SELECT lotwatch.as_of()) - make_interval(days => %(quiet_days)s), TRUE)
ORDER BY stock.item_id, stock.site_id, stock.usable_through NULLS LAST, stock.lot_id, stock.serial_id, stock.location_id;

-- What is proposed, waiting or on its way into another system, and not yet seen in the books of any: it counts, so that nothing
-- is proposed twice.
CREATE VIEW lotwatch.proposal_alive AS
SELECT proposal.*
FROM lotwatch.proposal AS proposal
WHERE
    proposal.state IN ('proposed', 'waiting', 'approved', 'sending')
    OR (
        proposal.state = 'sent'
        -- an order counts until the ERP shows it; what people do as tasks until these are closed; a hold while
        -- it is in force; what a warehouse was asked for
        -- until its delivery has left, or, where nobody ever tells of one, for two weeks
        AND CASE
            WHEN proposal.kind = 'purchase_order'
                THEN NOT EXISTS (
                    SELECT 1 FROM lotwatch.purchase_order_line AS known
                    WHERE known.order_reference = proposal.code
                )
            WHEN proposal.kind IN ('disposition', 'exception', 'check', 'work_order')
                THEN EXISTS (
                    SELECT 1 FROM lotwatch.task AS task
                    WHERE task.proposal_id = proposal.proposal_id AND task.state = 'open'
                )
            WHEN proposal.kind = 'hold'
                THEN EXISTS (
                    SELECT 1 FROM lotwatch.hold AS hold
                    WHERE hold.reference = proposal.code AND hold.released_at IS NULL
                )
            ELSE
                proposal.created_at > (SELECT lotwatch.as_of()) - interval '14 days'
                AND NOT EXISTS (
                    SELECT 1 FROM lotwatch.delivery AS known
                    WHERE
                        -- documents of different kinds may bear one number
                        known.number = proposal.erp_number AND known.from_site_id = proposal.from_site_id
                        AND known.to_site_id = proposal.site_id AND known.state <> 'planned'
                )
        END
    );

CREATE VIEW lotwatch.proposed_inbound AS
SELECT
    line.item_id,
    proposal.site_id,
    sum(line.quantity - least(line.declined, line.quantity))::bigint AS quantity
FROM lotwatch.proposal_alive AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
WHERE proposal.kind IN ('purchase_order', 'transfer', 'return_and_reship')
GROUP BY line.item_id, proposal.site_id;

-- What a site was to be sent and somebody said no to, or nobody answered: it is not asked for again at once.
CREATE VIEW lotwatch.transfer_declined AS
SELECT
    line.item_id,
    answered.site_id,
    answered.created_at
FROM lotwatch.proposal AS answered
INNER JOIN lotwatch.proposal_line AS line ON answered.proposal_id = line.proposal_id
WHERE answered.kind IN ('transfer', 'return_and_reship') AND answered.state IN ('rejected', 'timed_out');

-- What suppliers said no to, the last of each: orders of ours for a site, as a whole or in part. They are not asked for it again at
-- once.
CREATE VIEW lotwatch.purchase_declined AS
SELECT DISTINCT ON (line.item_id, ordered.site_id, ordered.supplier_id)
    line.item_id,
    ordered.site_id,
    ordered.supplier_id,
    ordered.code,
    line.declined AS quantity,
    line.declined_at
FROM lotwatch.proposal_line AS line
INNER JOIN lotwatch.proposal AS ordered ON line.proposal_id = ordered.proposal_id AND ordered.kind = 'purchase_order'
WHERE line.declined > 0
ORDER BY line.item_id, ordered.site_id, ordered.supplier_id, line.declined_at DESC, line.proposal_id DESC;

-- What of each pick wave is for which line of demand, and how far it has come. `kept`: it was not struck; `told`: its warehouse has
-- been told of it; `by_hand`: no system is.
CREATE VIEW lotwatch.pick_part AS
SELECT
    pick.*,
    proposal.state,
    proposal.created_at,
    demand.source_key AS order_key,
    coalesce(task.state IN ('written', 'acknowledged'), FALSE) AS told,
    task.warehouse_task_id IS NULL AS by_hand,
    CASE
        WHEN task.warehouse_task_id IS NULL THEN NOT line.refused
        ELSE
            task.state NOT IN ('refused', 'cancelled')
            AND EXISTS (
                SELECT 1 FROM lotwatch.warehouse_task_line AS asked
                WHERE
                    asked.warehouse_task_id = task.warehouse_task_id AND asked.item_id = pick.item_id
                    AND asked.lot_id = pick.lot_id AND asked.serial_id = pick.serial_id
                    AND asked.location_id = pick.location_id
            )
    END AS kept
FROM lotwatch.pick AS pick
INNER JOIN lotwatch.proposal AS proposal ON pick.proposal_id = proposal.proposal_id
INNER JOIN lotwatch.proposal_line AS line
    ON
        pick.proposal_id = line.proposal_id AND pick.item_id = line.item_id AND pick.lot_id = line.lot_id
        AND pick.serial_id = line.serial_id AND pick.location_id = line.location_id
INNER JOIN lotwatch.demand_order_line AS wanted
    ON pick.source = wanted.source AND pick.demand_line_key = wanted.source_key AND wanted.state = 'open'
INNER JOIN lotwatch.demand_order AS demand ON wanted.demand_order_id = demand.demand_order_id
LEFT JOIN lotwatch.warehouse_task AS task
    ON pick.proposal_id = task.proposal_id AND demand.source_key = task.demand_order_key;

-- What is being picked and not yet seen in the books: until it is set aside there (of what its system was told, this very lot: other
-- waves may be for the same line) or has left; where nobody ever tells of that, for two weeks.
CREATE VIEW lotwatch.pick_in_force AS
SELECT part.*
FROM lotwatch.pick_part AS part
WHERE
    part.kept
    AND (
        part.state IN ('proposed', 'waiting', 'approved')
        OR (
            part.state IN ('sending', 'sent')
            AND part.created_at > (SELECT lotwatch.as_of()) - interval '14 days'
            AND NOT EXISTS (
                SELECT 1 FROM lotwatch.allocation AS known
                WHERE
                    known.source = part.source AND known.demand_line_key = part.demand_line_key
                    AND known.allocated_at >= part.created_at
                    AND (
                        part.by_hand
                        OR (part.told AND known.lot_id = part.lot_id AND known.serial_id = part.serial_id)
                    )
            )
            AND NOT EXISTS (
                SELECT 1
                FROM lotwatch.delivery_line AS known
                INNER JOIN lotwatch.delivery AS delivery ON known.delivery_id = delivery.delivery_id
                WHERE
                    known.source = part.source AND known.demand_line_key = part.demand_line_key
                    AND delivery.shipped_at >= part.created_at
            )
        )
    );

-- What is still ahead of each line: less what a warehouse has been told of already.
CREATE VIEW lotwatch.proposal_line_ahead AS
SELECT
    line.proposal_id,
    line.item_id,
    line.lot_id,
    line.serial_id,
    line.location_id,
    line.requested_on,
    line.quantity - told.quantity AS quantity
FROM lotwatch.proposal_line AS line
CROSS JOIN
    LATERAL (
        SELECT coalesce(sum(asked.quantity), 0)::bigint AS quantity
        FROM lotwatch.warehouse_task AS task
        INNER JOIN lotwatch.warehouse_task_line AS asked ON task.warehouse_task_id = asked.warehouse_task_id
        WHERE
            task.proposal_id = line.proposal_id AND task.state IN ('written', 'acknowledged')
            AND asked.item_id = line.item_id AND asked.lot_id = line.lot_id AND asked.serial_id = line.serial_id
            AND asked.location_id = line.location_id
    ) AS told
WHERE NOT line.refused AND line.quantity > told.quantity;

CREATE VIEW lotwatch.proposed_outbound_line AS
SELECT
    proposal.proposal_id,
    line.item_id,
    line.location_id,
    line.lot_id,
    line.serial_id,
    line.quantity
FROM lotwatch.proposal_alive AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
WHERE
    proposal.kind IN ('transfer', 'return_and_reship', 'disposition') AND line.location_id <> 0
    -- what is used first or credited stays where it is, and may be sent to whoever is short
    AND coalesce(proposal.details ->> 'disposition', '') NOT IN ('use_first', 'supplier_credit')
UNION ALL
SELECT
    pick.proposal_id,
    pick.item_id,
    pick.location_id,
    pick.lot_id,
    pick.serial_id,
    pick.quantity
FROM lotwatch.pick_in_force AS pick;

CREATE VIEW lotwatch.proposed_outbound AS
SELECT
    line.item_id,
    line.location_id,
    line.lot_id,
    line.serial_id,
    sum(line.quantity)::bigint AS quantity
FROM lotwatch.proposed_outbound_line AS line
GROUP BY line.item_id, line.location_id, line.lot_id, line.serial_id;

-- The lines of transfers that are planned and have not left, in their system's own keys.
CREATE VIEW lotwatch.planned_transfer_line AS
SELECT
    delivery.source,
    delivery.source_key,
    line.item_id,
    line.lot_id,
    line.serial_id,
    line.quantity
FROM lotwatch.delivery AS delivery
INNER JOIN lotwatch.delivery_line AS line ON delivery.delivery_id = line.delivery_id
WHERE delivery.state = 'planned';

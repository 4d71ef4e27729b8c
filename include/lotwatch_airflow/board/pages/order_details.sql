-- What do these orders come to, for whom is what is picked, who said what about them, and what did the guards refuse?
SELECT
    proposal.proposal_id,
    coalesce(line.total, 0) AS total,
    coalesce(line.lines, '[]') AS lines,
    coalesce(said.approvals, '[]') AS approvals,
    coalesce(refused.refusals, '[]') AS refusals
FROM lotwatch.proposal AS proposal
LEFT JOIN LATERAL (
    SELECT
        -- of an order that was refused as a whole: what it would have cost
        coalesce(
            sum(proposal_line.quantity * proposal_line.unit_price) FILTER (WHERE NOT proposal_line.refused),
            sum(proposal_line.quantity * proposal_line.unit_price)
        ) AS total,
        jsonb_agg(
            jsonb_build_object(
                'item_code', item.code,
                'item_name', item.name,
                'quantity', proposal_line.quantity,
                'unit_price', proposal_line.unit_price::text,
                'requested_on', proposal_line.requested_on,
                'refused', proposal_line.refused,
                'number', coalesce(unit.number, lot.number),
                'place_code', place.code,
                'stop', picked.stop,
                'wanted_by', picked.wanted_by
            ) ORDER BY picked.stop, item.code, lot.number, unit.number, place.code
        ) AS lines
    FROM lotwatch.proposal_line AS proposal_line
    INNER JOIN lotwatch.item AS item ON proposal_line.item_id = item.item_id
    LEFT JOIN lotwatch.lot AS lot ON proposal_line.lot_id = lot.lot_id
    LEFT JOIN lotwatch.serial_unit AS unit ON proposal_line.serial_id = unit.serial_id
    LEFT JOIN lotwatch.location AS place ON proposal_line.location_id = place.location_id
    LEFT JOIN LATERAL (
        SELECT
            min(pick.stop) AS stop,
            jsonb_agg(
                jsonb_build_object(
                    'quantity', pick.quantity,
                    'order', coalesce(demand.number, demand.source_key, pick.demand_line_key),
                    'priority', demand.priority,
                    'place', destination.name
                ) ORDER BY pick.turn
            ) AS wanted_by
        FROM lotwatch.pick AS pick
        LEFT JOIN lotwatch.demand_order_line AS wanted
            ON pick.source = wanted.source AND pick.demand_line_key = wanted.source_key
        LEFT JOIN lotwatch.demand_order AS demand ON wanted.demand_order_id = demand.demand_order_id
        LEFT JOIN lotwatch.location AS destination ON demand.customer_location_id = destination.location_id
        WHERE
            pick.proposal_id = proposal_line.proposal_id AND pick.item_id = proposal_line.item_id AND pick.lot_id = proposal_line.lot_id
            AND pick.serial_id = proposal_line.serial_id AND pick.location_id = proposal_line.location_id
    ) AS picked ON TRUE
    WHERE proposal_line.proposal_id = proposal.proposal_id
) AS line ON TRUE
LEFT JOIN LATERAL (
    SELECT
        jsonb_agg(
            jsonb_build_object(
                'step', approval.step,
                'decision', approval.decision,
                'decided_by', approval.decided_by,
                'decided_at', approval.decided_at,
                'note', approval.note
            ) ORDER BY approval.decided_at
        ) AS approvals
    FROM lotwatch.approval AS approval
    WHERE approval.proposal_id = proposal.proposal_id
) AS said ON TRUE
LEFT JOIN LATERAL (
    SELECT
        jsonb_agg(
            jsonb_build_object(
                'item_code', item.code,
                'guard', guard_event.guard,
                'stage', guard_event.stage,
                'reason', guard_event.reason,
                'reason_zh', guard_event.reason_zh,
                'recorded_at', guard_event.recorded_at
            ) ORDER BY guard_event.guard_event_id
        ) AS refusals
    FROM lotwatch.guard_event AS guard_event
    LEFT JOIN lotwatch.item AS item ON guard_event.item_id = item.item_id
    WHERE guard_event.proposal_id = proposal.proposal_id
) AS refused ON TRUE
WHERE proposal.proposal_id = any(%(proposals)s)

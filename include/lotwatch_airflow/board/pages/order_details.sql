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
                'wanted_by', picked.wanted_by,
                'why', proposal_line.why
            ) ORDER BY picked.stop, item.code, lot.number, unit.number, place.code
        ) AS lines
    FROM lotwatch.proposal_line AS proposal_line
    INNER JOIN lotwatch.item AS item ON proposal_line.item_id = item.item_id
    LEFT JOIN lotwatch.lot AS lot ON proposal_line.lot_id = lot.lot_id
    LEFT JOIN lotwatch.serial_unit AS unit ON proposal_line.serial_id = unit.serial_id
    LEFT JOIN lotwatch.location AS place ON proposal_line.location_id = place.location_id
    LEFT JOIN lotwatch.pick_wanted AS picked
        ON
            proposal_line.proposal_id = picked.proposal_id AND proposal_line.item_id = picked.item_id
            AND proposal_line.lot_id = picked.lot_id AND proposal_line.serial_id = picked.serial_id
            AND proposal_line.location_id = picked.location_id
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

-- What of these is held, by these holds or by any that no warehouse has confirmed, and lies where it is to be taken from still?
SELECT
    proposal.code,
    min(proposal.proposal_id) AS proposal_id,
    held.hold_id,
    jsonb_agg(
        jsonb_build_object(
            'item', concat_ws(' ', item.code, item.name),
            'lot', coalesce(unit.number, lot.number, ''),
            'place', place.code,
            'quantity', line.quantity
        ) ORDER BY place.code, item.code, lot.number, unit.number
    ) AS rows
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
INNER JOIN (
    SELECT DISTINCT
        cover.hold_id,
        cover.item_id,
        cover.lot_id,
        cover.serial_id,
        cover.location_id
    FROM lotwatch.held_stock AS cover
    INNER JOIN lotwatch.hold AS placed ON cover.hold_id = placed.hold_id
    WHERE
        cover.quantity > 0
        AND CASE
            WHEN %(holds)s::bigint[] IS NULL THEN placed.confirmed_at IS NULL
            ELSE placed.hold_id = ANY(%(holds)s::bigint[])
        END
) AS held
    ON
        line.item_id = held.item_id AND line.lot_id = held.lot_id AND line.serial_id = held.serial_id
        AND line.location_id = held.location_id
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON line.location_id = place.location_id
LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
WHERE
    proposal.proposal_id = ANY(%(proposals)s::bigint[])
    -- what of a wave is for orders of the warehouse's own, it was told of itself
    AND (
        proposal.kind <> 'pick' OR EXISTS (
            SELECT FROM lotwatch.pick AS part
            INNER JOIN lotwatch.demand_order_line AS wanted
                ON part.source = wanted.source AND part.demand_line_key = wanted.source_key AND wanted.state = 'open'
            INNER JOIN lotwatch.demand_order AS demand ON wanted.demand_order_id = demand.demand_order_id
            WHERE
                part.proposal_id = line.proposal_id AND part.item_id = line.item_id AND part.lot_id = line.lot_id
                AND part.serial_id = line.serial_id AND part.location_id = line.location_id
                AND NOT EXISTS (
                    SELECT FROM lotwatch.warehouse_task AS task
                    WHERE task.proposal_id = line.proposal_id AND task.demand_order_key = demand.source_key
                )
        )
    )
GROUP BY proposal.code, held.hold_id
ORDER BY proposal.code, held.hold_id;

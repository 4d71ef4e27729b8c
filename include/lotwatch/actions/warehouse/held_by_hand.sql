-- What of these is held, by these holds or by any that no warehouse has confirmed, and lies where it is to be taken from still?
WITH part AS (
    SELECT
        line.proposal_id,
        held.hold_id,
        line.item_id,
        line.lot_id,
        line.serial_id,
        place.code AS place,
        line.quantity
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
    INNER JOIN lotwatch.location AS place ON line.location_id = place.location_id
    WHERE
        proposal.proposal_id = ANY(%(proposals)s::bigint[])
        -- what of a wave is for orders of the warehouse's own, it was told of itself
        AND (
            proposal.kind <> 'pick' OR EXISTS (
                SELECT FROM lotwatch.pick AS picked
                INNER JOIN lotwatch.demand_order_line AS wanted
                    ON picked.source = wanted.source AND picked.demand_line_key = wanted.source_key AND wanted.state = 'open'
                INNER JOIN lotwatch.demand_order AS demand ON wanted.demand_order_id = demand.demand_order_id
                WHERE
                    picked.proposal_id = line.proposal_id AND picked.item_id = line.item_id AND picked.lot_id = line.lot_id
                    AND picked.serial_id = line.serial_id AND picked.location_id = line.location_id
                    AND NOT EXISTS (
                        SELECT FROM lotwatch.warehouse_task AS task
                        WHERE task.proposal_id = line.proposal_id AND task.demand_order_key = demand.source_key
                    )
            )
        )
    UNION ALL
    -- what is to be brought forward has no place to be taken from: of a transfer that names lots these, else all of the item
    SELECT
        line.proposal_id,
        placed.hold_id,
        line.item_id,
        coalesce(planned.lot_id, 0),
        coalesce(planned.serial_id, 0),
        proposal.details ->> 'number',
        coalesce(planned.quantity, line.quantity)
    FROM lotwatch.proposal AS proposal
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
    LEFT JOIN lotwatch.planned_transfer_line AS planned
        ON
            planned.source = proposal.details ->> 'source' AND planned.source_key = proposal.details ->> 'key'
            AND line.item_id = planned.item_id
    LEFT JOIN lotwatch.serial_unit AS unit ON planned.serial_id = unit.serial_id
    INNER JOIN lotwatch.hold AS placed
        ON
            line.item_id = placed.item_id AND placed.released_at IS NULL AND placed.location_id IS NULL
            AND coalesce(placed.lot_id = coalesce(unit.lot_id, planned.lot_id, 0), TRUE)
            AND coalesce(placed.serial_id = coalesce(planned.serial_id, 0), TRUE)
    WHERE
        proposal.proposal_id = ANY(%(proposals)s::bigint[]) AND proposal.kind = 'priority'
        AND CASE
            WHEN %(holds)s::bigint[] IS NULL THEN placed.confirmed_at IS NULL
            ELSE placed.hold_id = ANY(%(holds)s::bigint[])
        END
)

SELECT
    proposal.code,
    part.proposal_id,
    part.hold_id,
    jsonb_agg(
        jsonb_build_object(
            'item', concat_ws(' ', item.code, item.name),
            'lot', coalesce(unit.number, lot.number, ''),
            'place', part.place,
            'quantity', part.quantity
        ) ORDER BY part.place, item.code, lot.number, unit.number
    ) AS rows
FROM part
INNER JOIN lotwatch.proposal AS proposal ON part.proposal_id = proposal.proposal_id
INNER JOIN lotwatch.item AS item ON part.item_id = item.item_id
LEFT JOIN lotwatch.serial_unit AS unit ON part.serial_id = unit.serial_id
LEFT JOIN lotwatch.lot AS lot ON part.lot_id = lot.lot_id
GROUP BY proposal.code, part.proposal_id, part.hold_id
ORDER BY proposal.code, part.hold_id;

-- Where are the units that the case says are affected, on which way are they, and who used them? A lot counts with the
-- serial units that belong to it, but those that have a verdict of their own. What is known already is not written again.
WITH verdict AS MATERIALIZED (
    SELECT
        item_id,
        lot_id,
        serial_id,
        verdict = 'affected' AS affected
    FROM lotwatch.recall_match_current
    WHERE case_id = %(case_id)s
),

lots AS MATERIALIZED (
    SELECT
        item_id,
        lot_id
    FROM verdict
    WHERE affected AND serial_id = 0
),

units AS MATERIALIZED (
    SELECT
        verdict.item_id,
        coalesce(unit.lot_id, 0) AS lot_id,
        verdict.serial_id
    FROM verdict
    INNER JOIN lotwatch.serial_unit AS unit ON verdict.serial_id = unit.serial_id
    WHERE verdict.affected AND verdict.serial_id <> 0
    UNION
    SELECT
        unit.item_id,
        unit.lot_id,
        unit.serial_id
    FROM lots
    INNER JOIN lotwatch.serial_unit AS unit ON lots.lot_id = unit.lot_id
    WHERE NOT EXISTS (
        SELECT FROM verdict
        WHERE verdict.serial_id = unit.serial_id
    )
),

-- of an item once, and not once for each of its lots
stock AS MATERIALIZED (
    SELECT
        known.item_id,
        known.lot_id,
        known.location_id,
        known.owner,
        known.quantity
    FROM (SELECT DISTINCT lots.item_id FROM lots) AS item
    INNER JOIN lotwatch.position AS known ON item.item_id = known.item_id
    WHERE known.serial_id = 0 AND known.quantity > 0
),

here AS (
    -- a full join is hashed or merged, never nested, whatever number of lots the planner expects
    SELECT
        stock.item_id,
        stock.lot_id,
        0::bigint AS serial_id,
        stock.location_id,
        stock.owner,
        stock.quantity
    FROM lots
    FULL JOIN stock ON lots.item_id = stock.item_id AND lots.lot_id = stock.lot_id
    WHERE coalesce(lots.item_id, 0) <> 0 AND coalesce(stock.quantity, 0) <> 0
    UNION ALL
    SELECT
        units.item_id,
        units.lot_id,
        units.serial_id,
        known.location_id,
        known.owner,
        known.quantity
    FROM units
    INNER JOIN lotwatch.position AS known ON units.item_id = known.item_id AND units.serial_id = known.serial_id
    WHERE known.quantity > 0
),

lying AS (
    SELECT
        item_id,
        lot_id,
        serial_id,
        location_id,
        owner,
        sum(quantity)::bigint AS quantity
    FROM here
    GROUP BY item_id, lot_id, serial_id, location_id, owner
),

set_aside AS (
    SELECT
        allocation.item_id,
        allocation.lot_id,
        allocation.serial_id,
        allocation.location_id,
        sum(allocation.quantity)::bigint AS quantity
    FROM lotwatch.allocation AS allocation
    WHERE
        allocation.closed_at IS NULL AND allocation.item_id IN (
            SELECT lots.item_id FROM lots
            UNION
            SELECT units.item_id FROM units
        )
    GROUP BY allocation.item_id, allocation.lot_id, allocation.serial_id, allocation.location_id
),

-- on its way out of the house, though the books have it where it was packed until it has arrived
sent_out AS (
    SELECT
        aside.item_id,
        aside.lot_id,
        aside.serial_id,
        aside.location_id,
        sum(aside.quantity)::bigint AS quantity,
        min(sent.number) AS document
    FROM lotwatch.allocation AS aside
    INNER JOIN (
        SELECT DISTINCT
            line.source,
            line.demand_line_key,
            line.lot_id,
            line.serial_id,
            delivery.number
        FROM lotwatch.delivery_line AS line
        INNER JOIN lotwatch.delivery AS delivery ON line.delivery_id = delivery.delivery_id
        WHERE
            delivery.state = 'shipped' AND delivery.to_site_id IS NULL AND line.item_id IN (
                SELECT lots.item_id FROM lots
                UNION
                SELECT units.item_id FROM units
            )
    ) AS sent
        ON
            aside.source = sent.source AND aside.demand_line_key = sent.demand_line_key
            AND aside.lot_id = sent.lot_id AND aside.serial_id = sent.serial_id
    WHERE aside.closed_at IS NULL
    GROUP BY aside.item_id, aside.lot_id, aside.serial_id, aside.location_id
),

here_still AS (
    SELECT
        lying.item_id,
        lying.lot_id,
        lying.serial_id,
        lying.location_id,
        lying.owner,
        lying.quantity - least(coalesce(sent_out.quantity, 0), lying.quantity) AS quantity,
        least(coalesce(sent_out.quantity, 0), lying.quantity) AS sent,
        sent_out.document
    FROM lying
    LEFT JOIN sent_out
        ON
            lying.item_id = sent_out.item_id AND lying.lot_id = sent_out.lot_id
            AND lying.serial_id = sent_out.serial_id AND lying.location_id = sent_out.location_id
),

-- what a delivery has still to bring; of that between our sites the stock may be told between them, too
under_way AS (
    SELECT
        line.item_id,
        wanted.lot_id,
        wanted.serial_id,
        delivery.to_location_id AS location_id,
        delivery.from_site_id IS NOT NULL AS is_ours,
        delivery.number AS document,
        sum(line.quantity - line.received_quantity)::bigint AS quantity
    FROM (
        SELECT
            lots.item_id,
            lots.lot_id,
            0::bigint AS serial_id
        FROM lots
        WHERE lots.lot_id <> 0
        UNION ALL
        SELECT * FROM units
    ) AS wanted
    INNER JOIN lotwatch.delivery_line AS line
        ON
            wanted.item_id = line.item_id AND wanted.serial_id = line.serial_id
            AND (wanted.serial_id <> 0 OR wanted.lot_id = line.lot_id)
    INNER JOIN lotwatch.delivery AS delivery ON line.delivery_id = delivery.delivery_id
    WHERE delivery.state = 'shipped' AND delivery.to_site_id IS NOT NULL AND line.quantity > line.received_quantity
    GROUP BY
        line.item_id, wanted.lot_id, wanted.serial_id, delivery.to_location_id, delivery.from_site_id IS NOT NULL, delivery.number
),

-- by lot and by serial number apart: each has an index, of movements that have one
left_us AS (
    SELECT
        movement.movement_id,
        movement.item_id,
        movement.lot_id,
        0::bigint AS serial_id,
        movement.from_location_id AS location_id,
        movement.quantity,
        movement.occurred_at,
        movement.document,
        movement.case_reference IS NOT NULL AS has_case_reference
    FROM lots
    INNER JOIN lotwatch.movement AS movement ON lots.item_id = movement.item_id AND lots.lot_id = movement.lot_id
    INNER JOIN lotwatch.location AS destination ON movement.to_location_id = destination.location_id
    WHERE movement.lot_id <> 0 AND movement.serial_id = 0 AND destination.kind = 'patient' AND movement.reverses_id IS NULL
    UNION ALL
    SELECT
        movement.movement_id,
        movement.item_id,
        units.lot_id,
        movement.serial_id,
        movement.from_location_id,
        movement.quantity,
        movement.occurred_at,
        movement.document,
        movement.case_reference IS NOT NULL
    FROM units
    INNER JOIN lotwatch.movement AS movement ON units.serial_id = movement.serial_id
    INNER JOIN lotwatch.location AS destination ON movement.to_location_id = destination.location_id
    WHERE movement.serial_id <> 0 AND destination.kind = 'patient' AND movement.reverses_id IS NULL
),

found AS (
    SELECT
        'stock' AS whereabouts,
        here_still.item_id,
        here_still.lot_id,
        here_still.serial_id,
        here_still.location_id,
        here_still.owner,
        here_still.quantity,
        least(greatest(coalesce(set_aside.quantity, 0) - here_still.sent, 0), here_still.quantity) AS allocated,
        NULL::bigint AS movement_id,
        NULL::timestamptz AS occurred_at,
        NULL::text AS document,
        FALSE AS has_case_reference
    FROM here_still
    INNER JOIN lotwatch.location AS place ON here_still.location_id = place.location_id
    LEFT JOIN set_aside
        ON
            here_still.item_id = set_aside.item_id AND here_still.lot_id = set_aside.lot_id
            AND here_still.serial_id = set_aside.serial_id AND here_still.location_id = set_aside.location_id
    WHERE
        here_still.quantity > 0
        AND (
            place.kind <> 'in_transit'
            OR NOT EXISTS (
                SELECT FROM under_way
                WHERE
                    under_way.is_ours AND under_way.lot_id = here_still.lot_id
                    AND under_way.serial_id = here_still.serial_id
            )
        )
    UNION ALL
    SELECT
        'in_transit',
        here_still.item_id,
        here_still.lot_id,
        here_still.serial_id,
        here_still.location_id,
        here_still.owner,
        here_still.sent,
        0,
        NULL,
        NULL,
        here_still.document,
        FALSE
    FROM here_still
    WHERE here_still.sent > 0
    UNION ALL
    SELECT
        'in_transit',
        under_way.item_id,
        under_way.lot_id,
        under_way.serial_id,
        under_way.location_id,
        NULL,
        under_way.quantity,
        0,
        NULL,
        NULL,
        under_way.document,
        FALSE
    FROM under_way
    UNION ALL
    SELECT
        'used',
        left_us.item_id,
        left_us.lot_id,
        left_us.serial_id,
        left_us.location_id,
        NULL,
        left_us.quantity,
        0,
        left_us.movement_id,
        left_us.occurred_at,
        left_us.document,
        left_us.has_case_reference
    FROM left_us
    WHERE
        NOT EXISTS (
            SELECT FROM lotwatch.movement_source AS reversal
            WHERE reversal.reverses_id = left_us.movement_id
        )
),

answering AS MATERIALIZED (
    SELECT
        place.location_id,
        place.site_id,
        lotwatch.answering_place(place.location_id) AS place_id
    FROM lotwatch.location AS place
    WHERE place.location_id IN (SELECT found.location_id FROM found)
),

located AS MATERIALIZED (
    SELECT
        found.whereabouts,
        found.item_id,
        found.lot_id,
        found.serial_id,
        found.location_id,
        answering.place_id,
        answering.site_id,
        found.owner,
        found.quantity,
        found.allocated,
        found.movement_id,
        found.occurred_at,
        found.document,
        found.has_case_reference
    FROM found
    INNER JOIN answering ON found.location_id = answering.location_id
),

known AS MATERIALIZED (
    SELECT
        unit.whereabouts,
        unit.item_id,
        unit.lot_id,
        unit.serial_id,
        unit.location_id,
        unit.place_id,
        unit.site_id,
        unit.owner,
        unit.quantity,
        unit.allocated,
        unit.movement_id,
        unit.occurred_at,
        unit.document,
        unit.has_case_reference
    FROM lotwatch.recall_unit AS unit
    WHERE unit.case_id = %(case_id)s AND unit.whereabouts <> 'possible'
),

gone AS (
    SELECT * FROM known
    EXCEPT
    SELECT * FROM located
),

forgotten AS (
    DELETE FROM lotwatch.recall_unit AS unit
    USING gone
    WHERE
        unit.case_id = %(case_id)s AND unit.place_id = gone.place_id AND unit.whereabouts = gone.whereabouts
        AND unit.item_id = gone.item_id AND unit.lot_id = gone.lot_id AND unit.serial_id = gone.serial_id
        AND unit.location_id = gone.location_id
        AND (unit.owner, unit.movement_id, unit.document) IS NOT DISTINCT FROM (gone.owner, gone.movement_id, gone.document)
)

INSERT INTO lotwatch.recall_unit (
    case_id, whereabouts, item_id, lot_id, serial_id, location_id, place_id, site_id, owner, quantity, allocated,
    movement_id, occurred_at, document, has_case_reference
)
SELECT
    %(case_id)s,
    new.*
FROM (
    SELECT * FROM located
    EXCEPT
    SELECT * FROM known
) AS new;

-- A proposal of a pick wave: its lines, and what of them is for whom.
WITH header AS (
    INSERT INTO lotwatch.proposal (
        kind, site_id, currency, created_at, requested_by, confidence, alternatives, if_nobody_acts, details
    )
    VALUES (
        'pick', %(site_id)s, %(currency)s, %(as_of)s, 'picking', %(confidence)s, %(alternatives)s, %(if_nobody_acts)s,
        %(details)s
    )
    RETURNING proposal_id, code
),

given AS (
    SELECT pick.*
    FROM
        jsonb_to_recordset(%(picks)s::jsonb)
            AS pick (
                item_id bigint, lot_id bigint, serial_id bigint, location_id bigint, source text, demand_line_key text,
                turn integer, stop integer, quantity bigint, unit_price numeric, requested_on date
            )
),

line AS (
    INSERT INTO lotwatch.proposal_line (
        proposal_id, item_id, lot_id, serial_id, location_id, quantity, unit_price, requested_on, why
    )
    SELECT
        header.proposal_id,
        given.item_id,
        given.lot_id,
        given.serial_id,
        given.location_id,
        sum(given.quantity),
        min(given.unit_price),
        min(given.requested_on),
        jsonb_build_object('stop', min(given.stop), 'demand_lines', count(*))
    FROM header
    CROSS JOIN given
    GROUP BY header.proposal_id, given.item_id, given.lot_id, given.serial_id, given.location_id
),

picked AS (
    INSERT INTO lotwatch.pick (
        proposal_id, item_id, lot_id, serial_id, location_id, source, demand_line_key, turn, stop, quantity
    )
    SELECT
        header.proposal_id,
        given.item_id,
        given.lot_id,
        given.serial_id,
        given.location_id,
        given.source,
        given.demand_line_key,
        given.turn,
        given.stop,
        given.quantity
    FROM header
    CROSS JOIN given
)

SELECT
    proposal_id,
    code
FROM header;

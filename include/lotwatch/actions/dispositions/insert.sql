-- A proposal of what becomes of stock, with its lines.
WITH header AS (
    INSERT INTO lotwatch.proposal (
        kind, site_id, supplier_id, currency, created_at, requested_by, cost, saves, confidence, alternatives,
        if_nobody_acts, details
    )
    VALUES (
        'disposition', %(site_id)s, %(supplier_id)s, %(currency)s, %(as_of)s, 'dispositions', %(cost)s, %(saves)s,
        %(confidence)s, %(alternatives)s, %(if_nobody_acts)s, %(details)s
    )
    RETURNING proposal_id, code
),

line AS (
    INSERT INTO lotwatch.proposal_line (
        proposal_id, item_id, lot_id, serial_id, location_id, alert_id, quantity, unit_price, requested_on, why
    )
    SELECT
        header.proposal_id,
        given.item_id,
        given.lot_id,
        given.serial_id,
        given.location_id,
        given.alert_id,
        given.quantity,
        given.unit_price,
        given.requested_on,
        given.why
    FROM header
    CROSS JOIN
        jsonb_to_recordset(%(lines)s::jsonb)
            AS given (
                item_id bigint, lot_id bigint, serial_id bigint, location_id bigint, alert_id bigint, quantity bigint,
                unit_price numeric, requested_on date, why jsonb
            )
    RETURNING proposal_id
)

SELECT code FROM header;

-- What was carried out at once in an emergency is asked about afterwards, with the same lines and by the same policy.
WITH asked AS (
    INSERT INTO lotwatch.proposal (
        kind, supplier_id, site_id, from_site_id, currency, requested_by, policy_id, steps, details, cost, saves,
        confidence, alternatives, if_nobody_acts, created_at
    )
    SELECT
        'check',
        supplier_id,
        site_id,
        from_site_id,
        currency,
        requested_by,
        policy_id,
        %(steps)s,
        jsonb_build_object('confirms', proposal_id, 'code', code, 'kind', kind),
        cost,
        saves,
        confidence,
        alternatives,
        if_nobody_acts,
        %(as_of)s
    FROM lotwatch.proposal
    WHERE proposal_id = %(proposal_id)s
    RETURNING proposal_id
),

copied AS (
    INSERT INTO lotwatch.proposal_line (
        proposal_id, item_id, lot_id, serial_id, location_id, alert_id, quantity, unit_price, requested_on, why
    )
    SELECT
        asked.proposal_id,
        line.item_id,
        line.lot_id,
        line.serial_id,
        line.location_id,
        line.alert_id,
        line.quantity,
        line.unit_price,
        line.requested_on,
        line.why
    FROM asked
    CROSS JOIN lotwatch.proposal_line AS line
    WHERE line.proposal_id = %(proposal_id)s AND NOT line.refused
)

SELECT proposal_id FROM asked;

-- A proposal to bring a transfer or an order forward, with what of it is needed so badly.
WITH header AS (
    INSERT INTO lotwatch.proposal (
        kind, site_id, from_site_id, currency, created_at, requested_by, confidence, if_nobody_acts, details
    )
    VALUES (
        'priority', %(site_id)s, %(from_site_id)s, %(currency)s, %(as_of)s, 'priorities', %(confidence)s,
        %(if_nobody_acts)s, %(details)s
    )
    RETURNING proposal_id, code
),

line AS (
    INSERT INTO lotwatch.proposal_line (proposal_id, item_id, alert_id, quantity, unit_price, requested_on, why)
    SELECT
        header.proposal_id,
        given.item_id,
        given.alert_id,
        given.quantity,
        given.unit_cost,
        given.requested_on,
        '{}'
    FROM header
    CROSS JOIN
        jsonb_to_recordset(%(lines)s::jsonb)
            AS given (item_id bigint, alert_id bigint, quantity bigint, unit_cost numeric, requested_on date)
)

SELECT
    proposal_id,
    code
FROM header;

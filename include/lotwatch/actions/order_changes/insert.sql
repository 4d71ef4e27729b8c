-- A proposal to change an order, with its lines. `sequence` counts what its supplier may have of earlier changes.
WITH header AS (
    INSERT INTO lotwatch.proposal (
        kind, supplier_id, site_id, currency, created_at, requested_by, order_id, details, saves, if_nobody_acts
    )
    SELECT
        'order_change',
        ours.supplier_id,
        ours.site_id,
        ours.currency,
        %(as_of)s,
        'order_changes',
        ours.proposal_id,
        jsonb_build_object(
            'order', ours.code,
            'order_number', ours.erp_number,
            'sequence', 1 + (
                SELECT count(*) FROM lotwatch.proposal AS earlier
                WHERE earlier.order_id = ours.proposal_id AND earlier.state IN ('sending', 'sent', 'failed')
            )
        ),
        %(saves)s,
        %(if_nobody_acts)s
    FROM lotwatch.proposal AS ours
    WHERE ours.proposal_id = %(order_id)s
    RETURNING proposal_id, code, details
),

line AS (
    INSERT INTO lotwatch.proposal_line (proposal_id, item_id, alert_id, quantity, unit_price, requested_on, why)
    SELECT
        header.proposal_id,
        given.item_id,
        given.alert_id,
        given.quantity,
        given.unit_price,
        given.requested_on,
        given.why
    FROM header
    CROSS JOIN
        jsonb_to_recordset(%(lines)s::jsonb)
            AS given (item_id bigint, alert_id bigint, quantity bigint, unit_price numeric, requested_on date, why jsonb)
)

SELECT
    proposal_id,
    code,
    details ->> 'order' AS order_code
FROM header;

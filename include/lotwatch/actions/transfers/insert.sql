-- Proposals to move stock, one for each pair of sites, with their lines.
WITH given AS (
    SELECT told.*
    FROM
        jsonb_to_recordset(%(moves)s::jsonb)
            AS told (
                kind text, to_site bigint, from_site bigint, cost numeric, saves numeric, confidence numeric,
                alternatives jsonb, if_nobody_acts jsonb, lines jsonb
            )
),

header AS (
    INSERT INTO lotwatch.proposal (
        kind, site_id, from_site_id, currency, created_at, requested_by, cost, saves, confidence, alternatives,
        if_nobody_acts
    )
    SELECT
        kind,
        to_site,
        from_site,
        %(currency)s,
        %(as_of)s,
        'transfers',
        cost,
        saves,
        confidence,
        alternatives,
        if_nobody_acts
    FROM given
    ORDER BY from_site, to_site
    RETURNING proposal_id, code, kind, from_site_id, site_id, saves
),

line AS (
    INSERT INTO lotwatch.proposal_line (
        proposal_id, item_id, lot_id, serial_id, location_id, alert_id, quantity, unit_price, requested_on, why
    )
    SELECT
        header.proposal_id,
        part.item_id,
        part.lot_id,
        part.serial_id,
        part.location_id,
        part.alert_id,
        part.quantity,
        part.unit_price,
        part.requested_on,
        part.why
    FROM header
    INNER JOIN given ON header.from_site_id = given.from_site AND header.site_id = given.to_site
    CROSS JOIN
        jsonb_to_recordset(given.lines)
            AS part (
                item_id bigint, lot_id bigint, serial_id bigint, location_id bigint, alert_id bigint, quantity bigint,
                unit_price numeric, requested_on date, why jsonb
            )
)

SELECT
    header.kind,
    header.code,
    jsonb_array_length(given.lines) AS lines,
    jsonb_build_object('from', header.from_site_id, 'to', header.site_id, 'saves', header.saves) AS told
FROM header
INNER JOIN given ON header.from_site_id = given.from_site AND header.site_id = given.to_site
ORDER BY header.proposal_id;

-- Which lines take stock that is no longer there, or may no longer be used: moved, picked, held, recalled or expired meanwhile,
-- set aside for somebody else, or wanted by a proposal that came before? What a warehouse has been told of is not asked about.
WITH line AS (
    SELECT
        ahead.*,
        proposal.code,
        place.site_id,
        place.code AS place_code,
        -- what this proposal takes of the lot beside this line
        sum(ahead.quantity) OVER (
            PARTITION BY ahead.proposal_id, place.site_id, ahead.item_id, ahead.lot_id, ahead.serial_id
        ) - ahead.quantity AS beside
    FROM lotwatch.proposal AS proposal
    INNER JOIN lotwatch.proposal_line_ahead AS ahead ON proposal.proposal_id = ahead.proposal_id
    INNER JOIN lotwatch.location AS place ON ahead.location_id = place.location_id
    WHERE proposal.kind IN ('transfer', 'return_and_reship', 'pick') AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
),

free AS (
    SELECT
        line.*,
        greatest(
            least(stock.here - earlier.here, stock.quantity - aside.quantity - earlier.quantity - line.beside), 0
        ) AS there
    FROM line
    CROSS JOIN
        LATERAL (
            SELECT
                coalesce(sum(state.quantity), 0)::bigint AS quantity,
                coalesce(sum(state.quantity) FILTER (WHERE state.location_id = line.location_id), 0)::bigint AS here
            FROM lotwatch.stock_state AS state
            WHERE
                state.item_id = line.item_id AND state.site_id = line.site_id AND state.lot_id = line.lot_id
                AND state.serial_id = line.serial_id AND state.status = 'unrestricted' AND state.sound
        ) AS stock
    CROSS JOIN
        LATERAL (
            SELECT coalesce(sum(part.quantity), 0)::bigint AS quantity
            FROM lotwatch.allocation_in_force AS part
            WHERE
                part.item_id = line.item_id AND part.site_id = line.site_id AND part.lot_id = line.lot_id
                AND part.serial_id = line.serial_id
        ) AS aside
    CROSS JOIN
        LATERAL (
            SELECT
                coalesce(sum(going.quantity), 0)::bigint AS quantity,
                coalesce(sum(going.quantity) FILTER (WHERE going.location_id = line.location_id), 0)::bigint AS here
            FROM lotwatch.proposed_outbound_line AS going
            INNER JOIN lotwatch.location AS place ON going.location_id = place.location_id
            WHERE
                going.proposal_id < line.proposal_id AND going.item_id = line.item_id AND place.site_id = line.site_id
                AND going.lot_id = line.lot_id AND going.serial_id = line.serial_id
        ) AS earlier
)

SELECT
    free.proposal_id,
    free.code,
    item.item_id,
    item.code AS item_code,
    format(
        '%%s: of %%s, %%s are wanted from %%s, and %%s are there and free.',
        item.code, coalesce(unit.number, lot.number, item.name), free.quantity, free.place_code, free.there
    ) AS reason,
    format(
        '%%s：%%s 需从 %%s 取 %%s，现有可用 %%s。',
        item.code, coalesce(unit.number, lot.number, item.name), free.place_code, free.quantity, free.there
    ) AS reason_zh
FROM free
INNER JOIN lotwatch.item AS item ON free.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON free.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON free.serial_id = unit.serial_id
WHERE free.there < free.quantity
ORDER BY free.proposal_id, item.code;

-- Which dispositions take stock that is no longer there, or would give somebody what has expired, is held or is blocked? That goes
-- back to its supplier or is scrapped, and nothing else.
SELECT
    proposal.proposal_id,
    proposal.code,
    item.item_id,
    item.code AS item_code,
    CASE
        WHEN coalesce(there.quantity, 0) < line.quantity
            THEN
                format(
                    '%%s: of %%s, %%s are wanted from %%s, and %%s are there.',
                    item.code, named.lot, line.quantity, place.code, coalesce(there.quantity, 0)
                )
        WHEN there.expired
            THEN format('%%s: %%s has expired and is given to nobody: send it back or scrap it.', item.code, named.lot)
        ELSE format('%%s: %%s is held or blocked and is given to nobody until it is released.', item.code, named.lot)
    END AS reason,
    CASE
        WHEN coalesce(there.quantity, 0) < line.quantity
            THEN
                format(
                    '%%s：%%s 需从 %%s 取 %%s，现有 %%s。',
                    item.code, named.lot, place.code, line.quantity, coalesce(there.quantity, 0)
                )
        WHEN there.expired THEN format('%%s：%%s 已过期，不得交给任何人：请退货或报废。', item.code, named.lot)
        ELSE format('%%s：%%s 已被隔离或冻结，解除前不得交给任何人。', item.code, named.lot)
    END AS reason_zh
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON line.location_id = place.location_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
CROSS JOIN LATERAL (SELECT coalesce(unit.number, lot.number, item.name) AS lot) AS named
LEFT JOIN LATERAL (
    SELECT
        sum(stock.quantity)::bigint AS quantity,
        bool_or(stock.expired) AS expired,
        bool_and(stock.status = 'unrestricted' AND stock.sound) AS fit
    FROM lotwatch.stock_state AS stock
    WHERE
        stock.item_id = line.item_id AND stock.location_id = line.location_id AND stock.lot_id = line.lot_id
        AND stock.serial_id = line.serial_id
) AS there ON true
WHERE
    proposal.kind = 'disposition' AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
    AND (
        coalesce(there.quantity, 0) < line.quantity
        OR (
            coalesce(proposal.details ->> 'disposition', '')
            NOT IN ('return_to_supplier', 'supplier_credit', 'scrap')
            AND NOT there.fit
        )
    )
ORDER BY proposal.proposal_id, item.code;

-- Which lines take stock that is no longer there, or may no longer be used: moved, picked, held, recalled or expired meanwhile?
SELECT
    proposal.proposal_id,
    proposal.code,
    item.item_id,
    item.code AS item_code,
    format(
        '%%s: of %%s, %%s are wanted from %%s, and %%s are there and free.',
        item.code, coalesce(unit.number, lot.number, item.name), line.quantity, place.code, coalesce(there.quantity, 0)
    ) AS reason
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON line.location_id = place.location_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
LEFT JOIN LATERAL (
    SELECT sum(stock.quantity)::bigint AS quantity
    FROM lotwatch.stock_state AS stock
    WHERE
        stock.item_id = line.item_id AND stock.location_id = line.location_id AND stock.lot_id = line.lot_id
        AND stock.serial_id = line.serial_id AND stock.status = 'unrestricted' AND stock.sound
) AS there ON true
WHERE
    proposal.kind IN ('transfer', 'return_and_reship', 'pick')
    AND proposal.proposal_id = ANY(%(proposals)s::bigint[]) AND coalesce(there.quantity, 0) < line.quantity
ORDER BY proposal.proposal_id, item.code;

-- Which lines order, hasten or move what is recalled? What is ordered has no lot yet: only a recall of the whole item stops it.
SELECT
    proposal.proposal_id,
    proposal.code,
    item.item_id,
    item.code AS item_code,
    format(
        '%%s is recalled (%%s): nothing of it is ordered or moved until the hold is released.',
        concat_ws(', ', item.code, coalesce(unit.number, lot.number)), recall.reference
    ) AS reason,
    format(
        '%%s 已被召回（%%s）：解除隔离前不得订购或移动。',
        concat_ws('，', item.code, coalesce(unit.number, lot.number)), recall.reference
    ) AS reason_zh
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line_ahead AS line ON proposal.proposal_id = line.proposal_id
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
INNER JOIN LATERAL (
    SELECT string_agg(DISTINCT hold.reference, ', ') AS reference
    FROM lotwatch.hold AS hold
    WHERE
        hold.cause = 'recall' AND hold.released_at IS NULL AND hold.item_id = line.item_id
        AND (hold.lot_id IS NULL OR hold.lot_id = line.lot_id)
        AND (hold.serial_id IS NULL OR hold.serial_id = line.serial_id)
        -- what is held at some places only is told there by the state of the stock
        AND hold.location_id IS NULL
) AS recall ON recall.reference IS NOT NULL
WHERE
    (
        proposal.kind IN ('purchase_order', 'transfer', 'return_and_reship', 'pick', 'priority', 'disposition')
        OR (
            proposal.kind = 'order_change' AND EXISTS (
                SELECT 1 FROM lotwatch.proposal_line AS said
                WHERE
                    said.proposal_id = line.proposal_id AND said.item_id = line.item_id
                    AND said.why ->> 'change' = 'bring_forward'
            )
        )
    )
    AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
ORDER BY proposal.proposal_id, item.code;

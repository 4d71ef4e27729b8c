-- Which lines would lift the inventory position above the maximum, with everything that is on its way?
SELECT
    proposal.proposal_id,
    proposal.code,
    item.item_id,
    item.code AS item_code,
    format(
        '%%s: %%s more would make %%s at %%s, above the maximum of %%s.',
        item.code, line.quantity, after_receipt.quantity, fact.site_code, fact.max_level
    ) AS reason
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.fact_item_site AS fact ON line.item_id = fact.item_id AND proposal.site_id = fact.site_id
CROSS JOIN
    LATERAL (
        SELECT
            fact.inventory_position + line.quantity
            - coalesce((
                SELECT sum(own.outstanding) FROM lotwatch.order_line_open AS own
                WHERE own.order_reference = proposal.code AND own.item_id = line.item_id
            ), 0) AS quantity
    ) AS after_receipt
WHERE
    proposal.kind = 'purchase_order' AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
    AND after_receipt.quantity > fact.max_level
ORDER BY proposal.proposal_id, item.code;

-- Which items would be lifted above the maximum at their site, with everything that is on its way? Of a transfer what would expire
-- where it is does not count: it goes where it is used; nor does what is to take the place of another item.
WITH line AS (
    SELECT
        proposal.proposal_id,
        proposal.code,
        proposal.site_id,
        line.item_id,
        sum(
            CASE WHEN line.why ? 'in_place_of' THEN 0 ELSE line.quantity - coalesce((line.why ->> 'at_risk')::bigint, 0) END
        )::bigint AS quantity
    FROM lotwatch.proposal AS proposal
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
    WHERE
        proposal.kind IN ('purchase_order', 'transfer', 'return_and_reship')
        AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
    GROUP BY proposal.proposal_id, line.item_id
)

SELECT
    line.proposal_id,
    line.code,
    item.item_id,
    item.code AS item_code,
    format(
        '%%s: %%s more would make %%s at %%s, above the maximum of %%s.',
        item.code, line.quantity, after_receipt.quantity, fact.site_code, fact.max_level
    ) AS reason,
    format(
        '%%s：再增加 %%s 将使 %%s 达到 %%s，超过最高库存 %%s。',
        item.code, line.quantity, fact.site_code, after_receipt.quantity, fact.max_level
    ) AS reason_zh
FROM line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.fact_item_site AS fact ON line.item_id = fact.item_id AND line.site_id = fact.site_id
CROSS JOIN
    LATERAL (
        SELECT
            fact.inventory_position + line.quantity
            - coalesce((
                SELECT sum(own.outstanding) FROM lotwatch.order_line_open AS own
                WHERE own.order_reference = line.code AND own.item_id = line.item_id
            ), 0) AS quantity
    ) AS after_receipt
WHERE line.quantity > 0 AND after_receipt.quantity > fact.max_level
ORDER BY line.proposal_id, item.code;

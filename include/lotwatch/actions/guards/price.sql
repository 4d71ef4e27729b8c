-- Which lines cost much more than a year's earlier orders of the same item from the same supplier did, by their median?
SELECT
    proposal.proposal_id,
    proposal.code,
    item.item_id,
    item.code AS item_code,
    format(
        '%%s: %%s %%s is %%s %%%% above the %%s of earlier orders; ask the supplier, or correct the agreement.',
        item.code, to_char(line.unit_price, 'FM999,999,999,990.0099'), proposal.currency,
        round(100 * (line.unit_price / earlier.price - 1)), to_char(earlier.price, 'FM999,999,999,990.0099')
    ) AS reason,
    format(
        '%%s：%%s %%s 比以往订单的 %%s 高 %%s %%%%；请询问供应商，或更正协议。',
        item.code, to_char(line.unit_price, 'FM999,999,999,990.0099'), proposal.currency,
        to_char(earlier.price, 'FM999,999,999,990.0099'), round(100 * (line.unit_price / earlier.price - 1))
    ) AS reason_zh
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN LATERAL (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY known.unit_price)::numeric AS price
    FROM lotwatch.purchase_order_line AS known
    WHERE
        known.item_id = line.item_id AND known.supplier_id = proposal.supplier_id AND known.currency = proposal.currency
        AND known.state IN ('open', 'done') AND known.order_reference IS DISTINCT FROM proposal.code
        AND known.ordered_on > (%(as_of)s::timestamptz AT TIME ZONE 'UTC')::date - 365
) AS earlier ON earlier.price > 0 AND line.unit_price > earlier.price * (1 + %(jump)s::numeric)
WHERE proposal.kind = 'purchase_order' AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
ORDER BY proposal.proposal_id, item.code;

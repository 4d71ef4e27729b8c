-- Which lines cost more than the highest price that was agreed, or a price that cannot be compared with it?
SELECT
    proposal.proposal_id,
    proposal.code,
    item.item_id,
    item.code AS item_code,
    CASE
        WHEN proposal.currency <> agreement.currency
            THEN
                format(
                    '%%s: the agreed highest price is in %%s, this order in %%s.',
                    item.code, agreement.currency, proposal.currency
                )
        ELSE
            format(
                '%%s: %%s %%s is above the agreed highest price of %%s.',
                item.code, to_char(line.unit_price, 'FM999,999,999,990.0099'), proposal.currency,
                to_char(agreement.price_ceiling, 'FM999,999,999,990.0099')
            )
    END AS reason,
    CASE
        WHEN proposal.currency <> agreement.currency
            THEN format('%%s：协议最高价以 %%s 计，本订单以 %%s 计。', item.code, agreement.currency, proposal.currency)
        ELSE
            format(
                '%%s：%%s %%s 高于协议最高价 %%s。',
                item.code, to_char(line.unit_price, 'FM999,999,999,990.0099'), proposal.currency,
                to_char(agreement.price_ceiling, 'FM999,999,999,990.0099')
            )
    END AS reason_zh
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.supplier_agreement AS agreement
    ON line.item_id = agreement.item_id AND proposal.supplier_id = agreement.supplier_id
WHERE
    proposal.kind = 'purchase_order' AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
    AND agreement.price_ceiling IS NOT NULL
    AND (line.unit_price > agreement.price_ceiling OR proposal.currency <> agreement.currency)
ORDER BY proposal.proposal_id, item.code;

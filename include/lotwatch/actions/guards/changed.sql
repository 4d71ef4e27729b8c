-- Which lines change an order that is no longer what it was when the change was proposed: somebody changed it in the ERP, some of
-- it has come or is on its way, or the item is needed after all?
WITH line AS (
    SELECT
        proposal.proposal_id,
        proposal.code,
        proposal.site_id,
        ours.code AS order_code,
        item.item_id,
        item.code AS item_code,
        (
            SELECT sum((part.told ->> 'quantity')::bigint)
            FROM jsonb_array_elements(line.why -> 'before') AS part (told)
        ) AS before,
        coalesce((
            SELECT sum((part.told ->> 'quantity')::bigint)
            FROM jsonb_array_elements(line.why -> 'after') AS part (told)
        ), 0) AS after,
        (
            SELECT
                array_agg(
                    ROW((part.told ->> 'requested_on')::date, (part.told ->> 'quantity')::bigint)::lotwatch.dated_quantity
                    ORDER BY part.told ->> 'requested_on', (part.told ->> 'quantity')::bigint
                )
            FROM jsonb_array_elements(line.why -> 'before') AS part (told)
        ) AS parts
    FROM lotwatch.proposal AS proposal
    INNER JOIN lotwatch.proposal AS ours ON proposal.order_id = ours.proposal_id
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
    INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
    WHERE proposal.kind = 'order_change' AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
),

found AS (
    SELECT
        line.*,
        coalesce(known.parts <> line.parts, TRUE) AS altered,
        known.received,
        sent.quantity AS sent,
        fact.inventory_position,
        fact.reorder_point
    FROM line
    LEFT JOIN LATERAL (
        SELECT
            array_agg(
                ROW(ordered.requested_on, ordered.quantity)::lotwatch.dated_quantity
                ORDER BY ordered.requested_on, ordered.quantity
            ) AS parts,
            coalesce(sum(receipt.quantity), 0) AS received
        FROM lotwatch.purchase_order_line AS ordered
        LEFT JOIN lotwatch.order_line_receipt AS receipt ON ordered.source_key = receipt.order_line_key
        WHERE
            ordered.order_reference = line.order_code AND ordered.item_id = line.item_id
            AND ordered.state IN ('draft', 'open') AND ordered.declined = 0
    ) AS known ON TRUE
    LEFT JOIN LATERAL (
        SELECT sum(part.counted) AS quantity
        FROM lotwatch.purchase_order_line AS ordered
        INNER JOIN lotwatch.order_line_sent AS part
            ON ordered.source = part.order_line_source AND ordered.source_key = part.order_line_key
        WHERE ordered.order_reference = line.order_code AND ordered.item_id = line.item_id
    ) AS sent ON TRUE
    LEFT JOIN lotwatch.fact_item_site AS fact ON line.item_id = fact.item_id AND line.site_id = fact.site_id
)

SELECT
    proposal_id,
    code,
    item_id,
    item_code,
    CASE
        WHEN altered
            THEN format('%%s: order %%s was changed in the ERP meanwhile; look at it there.', item_code, order_code)
        WHEN received > 0 OR sent > 0
            THEN format('%%s: some of order %%s has come or is on its way.', item_code, order_code)
        ELSE
            format(
                '%%s: it is needed after all. The position of %%s would fall to %%s, below the reorder point of %%s.',
                item_code, inventory_position, inventory_position - before + after, reorder_point
            )
    END AS reason,
    CASE
        WHEN altered THEN format('%%s：订单 %%s 已在 ERP 中被修改，请在 ERP 中查看。', item_code, order_code)
        WHEN received > 0 OR sent > 0 THEN format('%%s：订单 %%s 部分已到货或在途。', item_code, order_code)
        ELSE
            format(
                '%%s：仍然需要。库存位置将由 %%s 降至 %%s，低于再订货点 %%s。',
                item_code, inventory_position, inventory_position - before + after, reorder_point
            )
    END AS reason_zh
FROM found
WHERE
    altered OR received > 0 OR sent > 0
    OR (after < before AND inventory_position - before + after < reorder_point)
ORDER BY proposal_id, item_code;

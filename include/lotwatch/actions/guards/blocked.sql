-- Which orders go to a supplier that has been blocked or is no longer in use?
SELECT
    proposal.proposal_id,
    proposal.code,
    NULL::bigint AS item_id,
    NULL::text AS item_code,
    CASE
        WHEN supplier.blocked
            THEN format('%%s (%%s) is blocked: order from another supplier, or have it unblocked.', supplier.name, supplier.code)
        ELSE format('%%s (%%s) is no longer a supplier: order from another one.', supplier.name, supplier.code)
    END AS reason,
    CASE
        WHEN supplier.blocked
            THEN format('%%s（%%s）已被冻结：请改向其他供应商订购，或申请解除冻结。', supplier.name, supplier.code)
        ELSE format('%%s（%%s）已不再是供应商：请改向其他供应商订购。', supplier.name, supplier.code)
    END AS reason_zh
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.supplier AS supplier ON proposal.supplier_id = supplier.supplier_id
WHERE
    proposal.kind = 'purchase_order' AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
    AND (supplier.blocked OR NOT supplier.active)
ORDER BY proposal.proposal_id;

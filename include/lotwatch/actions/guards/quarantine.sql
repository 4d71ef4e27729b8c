-- Which lines order, change or move what is perhaps not so: records of the item lie in quarantine? What is to be picked for somebody
-- who waits goes on: its stock is what was counted and booked.
SELECT
    proposal.proposal_id,
    proposal.code,
    item.item_id,
    item.code AS item_code,
    format('%%s: records of it lie in quarantine, its figures may be wrong; mend them first.', item.code) AS reason,
    format('%%s：有相关记录在隔离区，数据可能有误；请先处理这些记录。', item.code) AS reason_zh
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
WHERE
    proposal.kind IN ('purchase_order', 'order_change', 'transfer', 'return_and_reship', 'disposition')
    AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
    AND EXISTS (
        SELECT 1 FROM lotwatch.item_in_quarantine AS doubtful
        WHERE doubtful.item_code = item.code
    )
GROUP BY proposal.proposal_id, item.item_id
ORDER BY proposal.proposal_id, item.code;

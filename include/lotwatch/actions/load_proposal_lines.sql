-- What is to be ordered: the lines that no guard refused.
SELECT
    item.code AS item_code,
    item.name AS item_name,
    line.quantity,
    line.unit_price,
    line.requested_on
FROM lotwatch.proposal_line AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
WHERE line.proposal_id = %(proposal_id)s AND NOT line.refused
ORDER BY item.code;

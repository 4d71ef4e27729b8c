-- Which orders were proposed because of an alert, and what became of them?
SELECT
    proposal.code,
    proposal.state,
    proposal.created_at,
    line.quantity,
    line.refused,
    supplier.name AS supplier_name,
    supplier.code AS supplier_code
FROM lotwatch.proposal_line AS line
INNER JOIN lotwatch.proposal AS proposal ON line.proposal_id = proposal.proposal_id
INNER JOIN lotwatch.supplier AS supplier ON proposal.supplier_id = supplier.supplier_id
WHERE line.alert_id = %(alert)s
ORDER BY proposal.proposal_id DESC

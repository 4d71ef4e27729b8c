-- Which order of ours has this number in the ERP?
SELECT proposal_id FROM lotwatch.proposal
WHERE erp_number = %(erp_number)s AND kind = 'purchase_order' AND state IN ('sending', 'sent', 'failed')
ORDER BY proposal_id DESC
LIMIT 1;

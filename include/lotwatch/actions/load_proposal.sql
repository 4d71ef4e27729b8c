-- A proposal in the names that people and other systems know.
SELECT
    proposal.code,
    proposal.state,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name,
    site.code AS site_code,
    site.name AS site_name,
    proposal.currency,
    proposal.erp_number
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.supplier AS supplier ON proposal.supplier_id = supplier.supplier_id
INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
WHERE proposal.proposal_id = %(proposal_id)s;

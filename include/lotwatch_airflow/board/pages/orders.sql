-- Which orders were proposed, for whom, and what came back?
SELECT
    proposal.proposal_id,
    proposal.code,
    proposal.state,
    proposal.currency,
    proposal.created_at,
    proposal.ask_until,
    proposal.erp_number,
    proposal.portal_confirmation,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name,
    site.code AS site_code,
    site.name AS site_name,
    site.time_zone
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.supplier AS supplier ON proposal.supplier_id = supplier.supplier_id
INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
WHERE
    (%(state)s::text IS NULL OR proposal.state = %(state)s)
    AND (%(code)s::text IS NULL OR proposal.code = %(code)s)

-- Which orders were proposed, for whom, and what came back?
SELECT
    proposal.proposal_id,
    proposal.code,
    proposal.kind,
    proposal.state,
    proposal.currency,
    proposal.created_at,
    proposal.ask_until,
    proposal.erp_number,
    proposal.portal_confirmation,
    coalesce(supplier.code, giver.code) AS from_code,
    coalesce(supplier.name, giver.name) AS from_name,
    proposal.steps,
    proposal.details,
    proposal.revision,
    proposal.cost,
    proposal.saves,
    proposal.confidence,
    proposal.alternatives,
    proposal.if_nobody_acts,
    site.code AS site_code,
    site.name AS site_name,
    site.time_zone
FROM lotwatch.proposal AS proposal
LEFT JOIN lotwatch.supplier AS supplier ON proposal.supplier_id = supplier.supplier_id
LEFT JOIN lotwatch.location AS giver ON proposal.from_site_id = giver.location_id
INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
WHERE
    (%(state)s::text IS NULL OR proposal.state = %(state)s)
    AND (%(kind)s::text IS NULL OR proposal.kind = %(kind)s)
    AND (%(code)s::text IS NULL OR proposal.code = %(code)s)

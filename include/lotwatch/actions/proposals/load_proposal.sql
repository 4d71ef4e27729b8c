-- A proposal in the names that people and other systems know.
SELECT
    proposal.code,
    proposal.kind,
    proposal.state,
    proposal.supplier_id,
    coalesce(supplier.code, '') AS supplier_code,
    coalesce(supplier.name, '') AS supplier_name,
    proposal.site_id,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    proposal.from_site_id,
    giver.code AS from_site_code,
    giver.name AS from_site_name,
    proposal.currency,
    proposal.requested_by,
    proposal.revision,
    proposal.policy_id,
    proposal.steps,
    proposal.asked_by_run,
    proposal.asked_step,
    proposal.asked_at,
    proposal.asked_number,
    proposal.ask_until,
    proposal.created_at,
    proposal.erp_number,
    proposal.order_id,
    proposal.details,
    proposal.cost,
    proposal.saves,
    proposal.confidence,
    proposal.alternatives,
    proposal.if_nobody_acts
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
LEFT JOIN lotwatch.location AS giver ON proposal.from_site_id = giver.location_id
LEFT JOIN lotwatch.supplier AS supplier ON proposal.supplier_id = supplier.supplier_id
WHERE proposal.proposal_id = %(proposal_id)s;

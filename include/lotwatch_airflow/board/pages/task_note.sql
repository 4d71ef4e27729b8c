-- The head of a disposition's note.
SELECT
    proposal.code,
    proposal.state,
    proposal.created_at,
    proposal.currency,
    proposal.details,
    proposal.requested_by,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name,
    site.code AS site_code,
    site.name AS site_name,
    site.time_zone,
    entity.name AS legal_entity_name
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
LEFT JOIN lotwatch.legal_entity AS entity ON site.legal_entity_id = entity.legal_entity_id
LEFT JOIN lotwatch.supplier AS supplier ON proposal.supplier_id = supplier.supplier_id
WHERE proposal.proposal_id = %(proposal)s AND proposal.kind = 'disposition'

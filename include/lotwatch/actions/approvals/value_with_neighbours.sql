-- What do an order and the others of the same supplier and site within so many days of it come to, in its currency?
SELECT sum(line.quantity * line.unit_price) AS value
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal AS other
    ON
        proposal.supplier_id = other.supplier_id AND proposal.site_id = other.site_id AND proposal.kind = other.kind
        AND proposal.currency = other.currency
        AND other.state IN ('proposed', 'waiting', 'approved', 'sending', 'sent')
        AND other.created_at
        BETWEEN proposal.created_at - make_interval(days => %(days)s) AND proposal.created_at
        + make_interval(days => %(days)s)
INNER JOIN lotwatch.proposal_line AS line ON other.proposal_id = line.proposal_id AND NOT line.refused
WHERE proposal.proposal_id = %(proposal_id)s AND proposal.kind = 'purchase_order';

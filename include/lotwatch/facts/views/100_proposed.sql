-- What is proposed, waiting or on its way into another system, and not yet seen in the books of any: it counts, so that nothing
-- is proposed twice.
CREATE VIEW lotwatch.proposal_alive AS
SELECT proposal.*
FROM lotwatch.proposal AS proposal
WHERE
    proposal.state IN ('proposed', 'waiting', 'approved', 'sending')
    OR (
        proposal.state = 'sent'
        -- an order counts until the ERP shows it; what a warehouse was asked for until its delivery has left, or, where nobody
        -- ever tells of one, for two weeks
        AND CASE
            WHEN proposal.kind = 'purchase_order'
                THEN NOT EXISTS (
                    SELECT 1 FROM lotwatch.purchase_order_line AS known
                    WHERE known.order_reference = proposal.code
                )
            ELSE
                proposal.created_at > (SELECT lotwatch.as_of()) - interval '14 days'
                AND NOT EXISTS (
                    SELECT 1 FROM lotwatch.delivery AS known
                    WHERE known.number = proposal.erp_number AND known.state <> 'planned'
                )
        END
    );

CREATE VIEW lotwatch.proposed_inbound AS
SELECT
    line.item_id,
    proposal.site_id,
    sum(line.quantity - least(line.declined, line.quantity))::bigint AS quantity
FROM lotwatch.proposal_alive AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
WHERE proposal.kind IN ('purchase_order', 'transfer', 'return_and_reship')
GROUP BY line.item_id, proposal.site_id;

CREATE VIEW lotwatch.proposed_outbound AS
SELECT
    line.item_id,
    line.location_id,
    line.lot_id,
    line.serial_id,
    sum(line.quantity)::bigint AS quantity
FROM lotwatch.proposal_alive AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
WHERE proposal.kind IN ('transfer', 'return_and_reship', 'pick', 'disposition') AND line.location_id <> 0
GROUP BY line.item_id, line.location_id, line.lot_id, line.serial_id;

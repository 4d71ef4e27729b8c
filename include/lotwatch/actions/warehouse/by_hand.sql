-- Which picks and transfers, or parts of them, or what to bring forward, have people been told of, and no warehouse system? Those of two
-- weeks.
SELECT proposal.proposal_id
FROM lotwatch.proposal AS proposal
WHERE
    proposal.kind IN ('pick', 'transfer', 'return_and_reship', 'priority') AND proposal.state = 'sent'
    AND proposal.created_at > %(as_of)s::timestamptz - interval '14 days'
    AND EXISTS (
        SELECT FROM lotwatch.outbox AS told
        WHERE told.idempotency_key IN ('by_hand:' || proposal.code, 'pick_by_hand:' || proposal.code)
    )
ORDER BY proposal.proposal_id;

-- Orders of which nothing is left are refused.
UPDATE lotwatch.proposal AS proposal
SET state = 'refused'
WHERE
    proposal.proposal_id = ANY(%(proposals)s::bigint[])
    AND proposal.state IN ('proposed', 'waiting', 'approved')
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.proposal_line AS line
        WHERE line.proposal_id = proposal.proposal_id AND NOT line.refused
    )
RETURNING
    proposal.code,
    (
        SELECT string_agg(DISTINCT event.reason, ' ' ORDER BY event.reason)
        FROM lotwatch.guard_event AS event
        WHERE event.proposal_id = proposal.proposal_id
    ) AS reason;

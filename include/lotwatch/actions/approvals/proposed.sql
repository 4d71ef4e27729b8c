-- What is to be guarded and asked for, oldest first? What is stopped stays proposed.
SELECT proposal.proposal_id FROM lotwatch.proposal AS proposal
WHERE
    proposal.state = 'proposed'
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.proposal_stopped AS stopped
        WHERE stopped.proposal_id = proposal.proposal_id
    )
ORDER BY proposal.proposal_id
LIMIT %(at_most)s
FOR UPDATE OF proposal SKIP LOCKED;

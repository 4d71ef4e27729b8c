-- Has every step that its policy asks for been answered with yes, of this very revision, by somebody or by a policy that
-- may? The sender believes these rows alone.
SELECT 1
FROM lotwatch.proposal AS proposal
WHERE
    proposal.proposal_id = %(proposal_id)s AND cardinality(proposal.steps) > 0
    AND NOT EXISTS (
        SELECT 1
        FROM unnest(proposal.steps) AS step (name)
        LEFT JOIN lotwatch.approval AS said
            ON
                said.proposal_id = proposal.proposal_id AND said.revision = proposal.revision AND said.step = step.name
                AND said.decision = 'approved' AND said.decided_by IS NOT NULL
        WHERE said.proposal_id IS NULL
    );

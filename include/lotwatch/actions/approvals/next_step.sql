-- Which step of each proposal is to be answered next: the first that nobody has answered?
SELECT step.name
FROM lotwatch.proposal AS proposal
CROSS JOIN unnest(proposal.steps) WITH ORDINALITY AS step (name, place)
WHERE
    proposal.proposal_id = %(proposal_id)s
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.approval AS said
        WHERE said.proposal_id = proposal.proposal_id AND said.revision = proposal.revision AND said.step = step.name
    )
ORDER BY step.place
LIMIT 1;

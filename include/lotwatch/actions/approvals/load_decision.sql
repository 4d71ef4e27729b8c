-- What was decided on a step of a proposal, and by whom?
SELECT
    said.decision,
    said.decided_by
FROM lotwatch.approval AS said
INNER JOIN lotwatch.proposal AS proposal ON said.proposal_id = proposal.proposal_id AND said.revision = proposal.revision
WHERE said.proposal_id = %(proposal_id)s AND said.step = %(step)s;

-- Who has answered this revision of a proposal already?
SELECT said.decided_by
FROM lotwatch.approval AS said
INNER JOIN lotwatch.proposal AS proposal ON said.proposal_id = proposal.proposal_id AND said.revision = proposal.revision
WHERE said.proposal_id = %(proposal_id)s AND said.decided_as <> 'policy' AND said.decided_by IS NOT NULL;

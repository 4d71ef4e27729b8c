-- What was said and changed about a proposal until now?
SELECT
    step,
    decision,
    decided_by AS person,
    decided_at AS moment,
    note,
    revision
FROM lotwatch.approval
WHERE proposal_id = %(proposal)s
UNION ALL
SELECT
    NULL AS step,
    'changed' AS decision,
    changed_by AS person,
    changed_at AS moment,
    reason AS note,
    revision
FROM lotwatch.proposal_revision
WHERE proposal_id = %(proposal)s
ORDER BY moment

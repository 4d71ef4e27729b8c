-- What a policy lets through without asking anybody is approved by that policy.
WITH approved AS (
    UPDATE lotwatch.proposal SET state = 'approved', asked_by_run = %(run_id)s
    WHERE proposal_id = %(proposal_id)s AND state = 'proposed'
    RETURNING proposal_id, revision
)

INSERT INTO lotwatch.approval (proposal_id, revision, step, decision, decided_by, decided_as, decided_at, run_id)
SELECT
    proposal_id,
    revision,
    %(step)s,
    'approved',
    %(policy_id)s,
    'policy',
    %(as_of)s,
    %(run_id)s
FROM approved;

-- Write the decision on one step of what a run asked for; nothing comes back when that step is decided already.
-- The state that follows: another step waits to be asked (`proposed`), all have been answered with yes, or one with no.
WITH decided AS (
    UPDATE lotwatch.proposal SET
        state = CASE
            WHEN %(decision)s <> 'approved' THEN %(decision)s
            WHEN %(step)s = steps[cardinality(steps)] THEN 'approved'
            ELSE 'proposed'
        END,
        ask_until = NULL,
        asked_step = NULL,
        asked_at = NULL,
        asked_number = NULL,
        asked_by_run = CASE WHEN %(decision)s = 'approved' AND %(step)s <> steps[cardinality(steps)] THEN NULL ELSE asked_by_run END
    WHERE
        proposal_id = %(proposal_id)s AND state = 'waiting' AND asked_by_run = %(asked_by_run)s
        AND revision = %(revision)s
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.approval AS said
            WHERE
                said.proposal_id = proposal.proposal_id AND said.revision = proposal.revision
                AND said.step = %(step)s
        )
    RETURNING proposal_id, revision, state
),

written AS (
    INSERT INTO lotwatch.approval (proposal_id, revision, step, decision, decided_by, decided_as, decided_at, note, run_id)
    SELECT
        proposal_id,
        revision,
        %(step)s,
        %(decision)s,
        %(decided_by)s,
        %(decided_as)s,
        %(decided_at)s,
        %(note)s,
        %(asked_by_run)s
    FROM decided
    ON CONFLICT (proposal_id, revision, step) DO NOTHING
    RETURNING proposal_id
)

SELECT decided.state
FROM decided
INNER JOIN written ON decided.proposal_id = written.proposal_id;

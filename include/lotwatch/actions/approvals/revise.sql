-- A changed proposal is a new one to decide about: its policy is looked for anew and its steps are asked from the first.
-- What it costs and saves was reckoned for what it was.
WITH revised AS (
    UPDATE lotwatch.proposal SET
        revision = revision + 1,
        state = 'proposed',
        policy_id = NULL,
        steps = '{}',
        cost = NULL,
        saves = NULL,
        asked_by_run = NULL,
        asked_step = NULL,
        asked_at = NULL,
        asked_number = NULL,
        ask_until = NULL
    WHERE proposal_id = %(proposal_id)s
    RETURNING proposal_id, revision
)

INSERT INTO lotwatch.proposal_revision (proposal_id, revision, changed_by, changed_at, reason, raised, lines_before)
SELECT
    proposal_id,
    revision,
    %(person)s,
    %(as_of)s,
    %(reason)s,
    %(raised)s,
    %(lines_before)s
FROM revised;

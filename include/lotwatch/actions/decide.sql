-- Write the decision on an order that this run asked for; nothing comes back when it is decided already.
WITH decided AS (
    UPDATE lotwatch.proposal SET state = %(decision)s
    WHERE proposal_id = %(proposal_id)s AND state = 'waiting' AND asked_by_run = %(run_id)s
    RETURNING proposal_id
)

INSERT INTO lotwatch.approval (proposal_id, decision, decided_by, decided_at, note, run_id)
SELECT
    proposal_id,
    %(decision)s,
    %(decided_by)s,
    %(decided_at)s,
    %(note)s,
    %(run_id)s
FROM decided
ON CONFLICT (proposal_id, step) DO NOTHING
RETURNING proposal_id;

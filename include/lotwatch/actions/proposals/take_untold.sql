-- Which orders were sent without anybody being told yet? From now on somebody was.
WITH told AS (
    UPDATE lotwatch.proposal SET told_at = %(as_of)s
    WHERE state = 'sent' AND told_at IS NULL
    RETURNING proposal_id, portal_confirmation
)

SELECT
    proposal_id,
    portal_confirmation
FROM told
ORDER BY proposal_id;

-- Which orders were sent without anybody being told yet? From now on somebody was. Of tasks those are told who have them; a hold
-- is in our own books.
WITH told AS (
    UPDATE lotwatch.proposal SET told_at = %(as_of)s
    WHERE state = 'sent' AND told_at IS NULL AND kind NOT IN ('disposition', 'exception', 'check', 'work_order', 'hold')
    RETURNING proposal_id, portal_confirmation
)

SELECT
    proposal_id,
    portal_confirmation
FROM told
ORDER BY proposal_id;

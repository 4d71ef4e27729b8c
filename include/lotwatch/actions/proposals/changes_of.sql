-- Which changes of an order have its supplier, or a person for it, the first one first?
SELECT proposal_id FROM lotwatch.proposal
WHERE
    order_id = %(proposal_id)s AND proposal_id < coalesce(%(before)s::bigint, 9223372036854775807)
    AND (state IN ('sending', 'sent') OR (state = 'failed' AND portal_confirmation IS NOT NULL))
ORDER BY proposal_id;

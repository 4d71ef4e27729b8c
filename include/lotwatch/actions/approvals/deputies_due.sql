-- Which questions may deputies answer from now on, who have not been told? From this transaction on they have.
UPDATE lotwatch.proposal SET deputies_told_at = %(as_of)s
FROM unnest(%(steps)s::text[], %(after)s::interval[]) AS deputies (step, after)
WHERE
    proposal.state = 'waiting' AND proposal.deputies_told_at IS NULL AND proposal.asked_step = deputies.step
    AND proposal.asked_at + deputies.after <= %(as_of)s AND proposal.ask_until > %(as_of)s
RETURNING proposal.proposal_id;

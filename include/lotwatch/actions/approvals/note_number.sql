-- Which of its run's questions each proposal is, in the order in which the run asks them.
UPDATE lotwatch.proposal SET asked_number = asked.place - 1
FROM unnest(%(proposals)s::bigint[]) WITH ORDINALITY AS asked (proposal_id, place)
WHERE proposal.proposal_id = asked.proposal_id;

-- Which are the two oldest orders that wait for a person?
SELECT code FROM lotwatch.proposal
WHERE state = 'waiting'
ORDER BY proposal_id
LIMIT 2;

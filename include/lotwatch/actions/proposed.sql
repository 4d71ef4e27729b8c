-- What is to be guarded and asked for, oldest first?
SELECT proposal_id FROM lotwatch.proposal
WHERE state = 'proposed'
ORDER BY proposal_id
LIMIT %(at_most)s
FOR UPDATE SKIP LOCKED;

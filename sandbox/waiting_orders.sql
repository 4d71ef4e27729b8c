-- How many orders wait for a person?
SELECT count(*) FROM lotwatch.proposal
WHERE state = 'waiting';

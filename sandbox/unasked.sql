-- How many orders were proposed and neither refused nor asked for yet?
SELECT count(*) FROM lotwatch.proposal
WHERE state = 'proposed';

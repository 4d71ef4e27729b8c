-- How many orders wait for approval, and how many records lie in quarantine?
SELECT
    proposal.waiting AS proposals,
    quarantine.open AS quarantined
FROM (SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting FROM lotwatch.proposal) AS proposal
CROSS JOIN (SELECT count(*) FILTER (WHERE state = 'open') AS open FROM lotwatch.quarantine) AS quarantine

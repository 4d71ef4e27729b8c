-- Which orders are under way because of these alerts?
SELECT
    line.alert_id,
    array_agg(proposal.code ORDER BY proposal.code) AS codes
FROM lotwatch.proposal_line AS line
INNER JOIN lotwatch.proposal AS proposal ON line.proposal_id = proposal.proposal_id
WHERE
    line.alert_id = any(%(alerts)s::bigint[]) AND NOT line.refused
    AND proposal.state IN ('proposed', 'waiting', 'approved', 'sending', 'sent')
GROUP BY line.alert_id;

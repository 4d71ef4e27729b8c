-- What do the proposals of a moment come to: what is bought with its freight, the deliveries of what is moved, and how many lines
-- are there of each?
SELECT
    count(DISTINCT proposal.proposal_id) AS proposals,
    count(*) FILTER (WHERE proposal.kind = 'purchase_order') AS order_lines,
    count(*) FILTER (WHERE proposal.kind = 'transfer') AS transfer_lines,
    (
        SELECT sum(made.cost) FROM lotwatch.proposal AS made
        WHERE made.created_at = %(as_of)s
    )::float AS cost
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id
WHERE proposal.created_at = %(as_of)s;

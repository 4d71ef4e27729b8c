-- Which lines order a device whose registration has lapsed?
SELECT
    proposal.proposal_id,
    proposal.code,
    item.item_id,
    item.code AS item_code,
    format(
        '%%s: its registration %%s lapsed on %%s; renew it before ordering.',
        item.code, registration.number, registration.valid_through
    ) AS reason
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
INNER JOIN LATERAL (
    SELECT
        credential.number,
        credential.valid_through
    FROM lotwatch.credential AS credential
    WHERE credential.kind = 'registration' AND credential.item_id = item.item_id
    ORDER BY credential.valid_through DESC
    LIMIT 1
) AS registration ON registration.valid_through < (%(as_of)s::timestamptz AT TIME ZONE site.time_zone)::date
WHERE proposal.kind = 'purchase_order' AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
ORDER BY proposal.proposal_id, item.code;

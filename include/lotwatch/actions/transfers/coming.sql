-- What of these items is to come to each site, proposed or under way, of lots that end, and the days until which it may be used once
-- it is there: it is used before what ends later, so that a site is not sent more than it can use, watch after watch.
SELECT
    part.item_id AS item,
    part.site_id AS site,
    label.last_day - site.today - floor(%(transit_days)s::float)::integer AS days,
    sum(part.quantity)::bigint AS quantity
FROM (
    SELECT
        line.item_id,
        proposal.site_id,
        line.lot_id,
        line.serial_id,
        line.quantity
    FROM lotwatch.proposal_alive AS proposal
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
    WHERE proposal.kind IN ('transfer', 'return_and_reship')
    UNION ALL
    SELECT
        moving.item_id,
        moving.to_site_id,
        moving.lot_id,
        moving.serial_id,
        moving.quantity
    FROM lotwatch.delivery_line_moving AS moving
    WHERE moving.to_site_id IS NOT NULL
) AS part
INNER JOIN lotwatch.site_today AS site ON part.site_id = site.site_id
LEFT JOIN lotwatch.serial_unit AS unit ON part.serial_id = unit.serial_id
LEFT JOIN lotwatch.lot AS lot ON coalesce(unit.lot_id, part.lot_id) = lot.lot_id
CROSS JOIN LATERAL (SELECT lotwatch.last_day(unit, lot) AS last_day) AS label
WHERE part.item_id = ANY(%(items)s::bigint[]) AND label.last_day >= site.today
GROUP BY part.item_id, part.site_id, label.last_day, site.today;

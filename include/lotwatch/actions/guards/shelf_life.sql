-- Which lots end before they can be used: before they have arrived, or before the day they are wanted for? The last day of use
-- is a day of the place where they are used.
SELECT
    proposal.proposal_id,
    proposal.code,
    item.item_id,
    item.code AS item_code,
    format(
        '%%s: %%s may be used until %%s and would be at %%s on %%s.',
        item.code, coalesce(unit.number, lot.number), label.last_day, site.code, there.day
    ) AS reason,
    format(
        '%%s：%%s 有效期至 %%s，%%s 才能到达 %%s。',
        item.code, coalesce(unit.number, lot.number), label.last_day, there.day, site.code
    ) AS reason_zh
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line_ahead AS line ON proposal.proposal_id = line.proposal_id
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
LEFT JOIN lotwatch.lane AS lane ON proposal.from_site_id = lane.from_site_id AND proposal.site_id = lane.to_site_id
CROSS JOIN LATERAL (SELECT lotwatch.last_day(unit, lot) AS last_day) AS label
CROSS JOIN
    LATERAL (
        SELECT
            CASE proposal.kind
                WHEN 'pick' THEN greatest(line.requested_on, today.day)
                ELSE today.day + ceil(coalesce(lane.transit_days_p95, lane.transit_days_p50, 0))::integer
            END AS day
        FROM (SELECT (%(as_of)s::timestamptz AT TIME ZONE site.time_zone)::date AS day) AS today
    ) AS there
WHERE
    proposal.kind IN ('transfer', 'return_and_reship', 'pick')
    AND proposal.proposal_id = ANY(%(proposals)s::bigint[]) AND label.last_day < there.day
ORDER BY proposal.proposal_id, item.code;

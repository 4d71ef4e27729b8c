-- By which lanes could what these sites give of an item go to the sites that may take it, how long does it take and what does a
-- delivery cost? What must be kept cold goes only where that is kept under way. What a site said no to (or nobody answered) is not asked
-- of it again at once; it may give all the same, of what it does not use itself.
SELECT
    giver.item,
    lane.from_site_id AS from_site,
    lane.to_site_id AS to_site,
    coalesce(lane.transit_days_p95, lane.transit_days_p50, %(days)s)::float AS days,
    coalesce(lane.cost, 0)::float AS cost
FROM unnest(%(give_item)s::bigint[], %(give_site)s::bigint[]) AS giver (item, site)
INNER JOIN lotwatch.lane AS lane ON giver.site = lane.from_site_id
INNER JOIN
    unnest(%(take_item)s::bigint[], %(take_site)s::bigint[]) AS taker (item, site)
    ON giver.item = taker.item AND lane.to_site_id = taker.site
INNER JOIN lotwatch.item AS item ON giver.item = item.item_id
WHERE
    lane.permitted
    AND (lane.currency IS NULL OR lane.currency = %(currency)s)
    AND (item.storage_min_c IS NULL OR lane.temperature_min_c >= item.storage_min_c)
    AND (item.storage_max_c IS NULL OR lane.temperature_max_c <= item.storage_max_c)
    AND NOT EXISTS (
        SELECT 1
        FROM lotwatch.transfer_declined AS answered
        WHERE
            answered.item_id = taker.item AND answered.site_id = taker.site
            AND answered.created_at > (SELECT lotwatch.as_of()) - make_interval(days => %(quiet_days)s)
    );

-- Between which sites may each of these items go, how long does it take and what does a delivery cost? What must be kept cold
-- goes only where that is kept under way.
SELECT
    item.item_id AS item,
    lane.from_site_id AS from_site,
    lane.to_site_id AS to_site,
    coalesce(lane.transit_days_p95, lane.transit_days_p50, %(days)s)::float AS days,
    coalesce(lane.cost, 0)::float AS cost
FROM lotwatch.lane AS lane
CROSS JOIN lotwatch.item AS item
WHERE
    item.item_id = ANY(%(items)s::bigint[]) AND lane.permitted
    AND (lane.currency IS NULL OR lane.currency = %(currency)s)
    AND (item.storage_min_c IS NULL OR lane.temperature_min_c >= item.storage_min_c)
    AND (item.storage_max_c IS NULL OR lane.temperature_max_c <= item.storage_max_c);

-- The stock of each item at each site at the moment, with how many item-sites there are.
SELECT
    fact.item_code,
    fact.site_code,
    fact.physical,
    fact.held,
    fact.expired,
    fact.allocated,
    fact.available,
    fact.in_transit,
    fact.on_order,
    count(*) OVER () AS total
FROM lotwatch.fact_item_site AS fact
WHERE
    (%(item_code)s::text IS NULL OR fact.item_code = %(item_code)s)
    AND (%(site_code)s::text IS NULL OR fact.site_code = %(site_code)s)
ORDER BY fact.item_code, fact.site_code
LIMIT %(limit)s;

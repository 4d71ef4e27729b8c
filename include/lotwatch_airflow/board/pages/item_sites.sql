-- How much of each item is there, and on its way, for each site? An item's code finds that item alone; other text is
-- searched for.
WITH wanted_item AS (
    SELECT item.item_id
    FROM lotwatch.item AS item
    WHERE
        item.code = %(item)s
        OR (
            %(item)s NOT IN (SELECT same.code FROM lotwatch.item AS same)
            AND strpos(lower(item.code || ' ' || item.name), lower(%(item)s)) > 0
        )
)

SELECT
    fact.subject_key,
    fact.item_code,
    fact.item_name,
    fact.site_code,
    fact.site_name,
    fact.region,
    fact.physical,
    fact.held,
    fact.expired,
    fact.in_inspection,
    fact.allocated,
    fact.available,
    fact.in_transit,
    fact.on_order,
    fact.backordered,
    fact.expected_usable,
    fact.expiring_unused,
    fact.inventory_position,
    fact.negative,
    fact.without_lot,
    fact.in_conflict,
    fact.data_in_quarantine
FROM lotwatch.fact_item_site AS fact
WHERE
    (%(item)s::text IS NULL OR fact.item_id = any(ARRAY(SELECT wanted_item.item_id FROM wanted_item)))
    AND (%(site)s::text IS NULL OR fact.site_code = %(site)s)
    AND (%(region)s::text IS NULL OR fact.region = %(region)s)

-- Which lots and serial units lie where, by the filters? An item's code finds that item alone; other text is searched
-- for. Stock of others is available, but it is not our value: where owners share a lot, ours is counted apart.
WITH wanted_item AS (
    SELECT item.item_id
    FROM lotwatch.item AS item
    WHERE
        item.code = %(item)s
        OR (
            %(item)s NOT IN (SELECT same.code FROM lotwatch.item AS same)
            AND strpos(lower(item.code || ' ' || item.name), lower(%(item)s)) > 0
        )
),

wanted_site AS (
    SELECT site.location_id AS site_id
    FROM lotwatch.location AS site
    WHERE
        (%(site)s::text IS NULL OR site.code = %(site)s)
        AND (%(region)s::text IS NULL OR site.region = %(region)s)
)

SELECT
    lot.subject_key,
    lot.item_id,
    lot.site_id,
    lot.lot_id,
    lot.serial_id,
    lot.site_code,
    lot.site_name,
    lot.region,
    lot.item_code,
    lot.item_name,
    lot.lot_number,
    lot.serial_number,
    lot.owner,
    lot.status,
    lot.held,
    lot.expired,
    lot.usable_through,
    to_char(lot.usable_through, 'YYYY-MM') AS expiry_month,
    lot.days_to_expiry,
    lot.physical,
    lot.available,
    lot.quantity_at_risk,
    lot.data_in_quarantine,
    CASE WHEN lot.owner = 'own' THEN lot.physical ELSE ours.quantity END * lot.unit_cost AS own_value
FROM lotwatch.fact_lot AS lot
LEFT JOIN LATERAL (
    SELECT sum(stock.quantity) AS quantity
    FROM lotwatch.stock_state AS stock
    WHERE
        lot.owner LIKE '%%, own'
        AND stock.owner = 'own'
        AND stock.item_id = lot.item_id AND stock.site_id = lot.site_id
        AND stock.lot_id = lot.lot_id AND stock.serial_id = lot.serial_id
) AS ours ON TRUE
WHERE
    -- by their ids, so that what lies elsewhere is not even computed
    (%(item)s::text IS NULL OR lot.item_id = any(ARRAY(SELECT wanted_item.item_id FROM wanted_item)))
    AND (
        (%(site)s::text IS NULL AND %(region)s::text IS NULL)
        OR lot.site_id = any(ARRAY(SELECT wanted_site.site_id FROM wanted_site))
    )
    AND (%(status)s::text IS NULL OR %(status)s = any(string_to_array(lot.status, ', ')))
    AND (%(owner)s::text IS NULL OR %(owner)s = any(string_to_array(lot.owner, ', ')))
    AND (%(month)s::text IS NULL OR to_char(lot.usable_through, 'YYYY-MM') = %(month)s)
    AND (%(expiring)s::integer IS NULL OR lot.days_to_expiry BETWEEN 0 AND %(expiring)s)
    AND (NOT %(expired)s OR lot.expired)
    AND (NOT %(held)s OR lot.held)
    AND (
        %(lot)s::text IS NULL
        OR strpos(lower(concat_ws(' ', lot.serial_number, lot.lot_number)), lower(%(lot)s)) > 0
    )

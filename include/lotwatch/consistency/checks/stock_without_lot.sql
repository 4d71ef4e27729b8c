-- Where is stock of items whose label carries a lot or serial number without one?
WITH compared AS (
    SELECT
        item.item_id,
        item.code AS item_code,
        item.name AS item_name,
        item.unit_cost,
        place.site_id,
        site.code AS site_code,
        CASE WHEN item.label_serial THEN 'serial' ELSE 'lot' END AS missing,
        sum(stock.quantity) FILTER (
            WHERE stock.serial_id = 0 AND (item.label_serial OR stock.lot_id = 0)
        ) AS quantity
    FROM lotwatch.stock AS stock
    INNER JOIN lotwatch.item AS item ON stock.item_id = item.item_id
    INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
    LEFT JOIN lotwatch.location AS site ON place.site_id = site.location_id
    WHERE (item.label_lot OR item.label_serial) AND stock.quantity > 0
    GROUP BY item.item_id, place.site_id, site.code
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        concat_ws('|', item_code, site_code) AS subject_key,
        item_id,
        site_id,
        quantity,
        quantity * unit_cost AS value,
        jsonb_build_object(
            'item_code', item_code, 'item_name', item_name, 'missing', missing, 'site_code', site_code,
            'quantity', quantity
        ) AS evidence
    FROM compared
    WHERE quantity > 0
) AS differing ON true

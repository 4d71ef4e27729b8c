-- What do these lots come to for each site, item, lot or month of expiry?
SELECT
    CASE WHEN %(grouped_by)s = 'site' THEN site_code END AS site_code,
    CASE WHEN %(grouped_by)s = 'site' THEN site_name END AS site_name,
    CASE WHEN %(grouped_by)s IN ('item', 'lot') THEN item_code END AS item_code,
    CASE WHEN %(grouped_by)s IN ('item', 'lot') THEN item_name END AS item_name,
    CASE WHEN %(grouped_by)s = 'lot' THEN lot_number END AS lot_number,
    CASE WHEN %(grouped_by)s = 'month' THEN expiry_month END AS expiry_month,
    count(*) AS lots,
    count(DISTINCT item_code) AS items,
    min(usable_through) FILTER (WHERE NOT expired) AS usable_through,
    sum(physical)::bigint AS physical,
    sum(available)::bigint AS available,
    sum(quantity_at_risk)::bigint AS quantity_at_risk,
    sum(own_value) AS own_value
FROM listed
GROUP BY 1, 2, 3, 4, 5, 6

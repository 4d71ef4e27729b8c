-- Of which items do two systems state different totals at a site? Each is brought to now by what was moved since.
WITH stated AS (
    SELECT
        told.source,
        told.item_id,
        told.site_id,
        sum(told.stated_quantity + told.moved_since) AS quantity,
        sum(told.our_quantity + told.moved_since) AS ours
    FROM lotwatch.stated_stock_compared AS told
    WHERE told.site_id IS NOT NULL
    GROUP BY told.source, told.item_id, told.site_id
),

compared AS (
    SELECT
        one.source AS first_source,
        two.source AS second_source,
        one.item_id,
        one.site_id,
        item.code AS item_code,
        item.name AS item_name,
        item.unit_cost,
        site.code AS site_code,
        one.quantity AS first_stated,
        two.quantity AS second_stated,
        greatest(one.ours, two.ours) AS ours,
        one.quantity - two.quantity AS difference
    FROM stated AS one
    INNER JOIN stated AS two
        ON one.item_id = two.item_id AND one.site_id = two.site_id AND one.source < two.source
    INNER JOIN lotwatch.item AS item ON one.item_id = item.item_id
    INNER JOIN lotwatch.location AS site ON one.site_id = site.location_id
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        concat_ws('|', first_source, second_source, site_code, item_code) AS subject_key,
        item_id,
        site_id,
        difference AS quantity,
        difference * unit_cost AS value,
        jsonb_build_object(
            'first', first_source, 'second', second_source, 'item_code', item_code, 'item_name', item_name,
            'site_code', site_code, 'first_stated', first_stated, 'second_stated', second_stated, 'ours', ours
        ) AS evidence
    FROM compared
    WHERE difference <> 0
) AS differing ON TRUE

-- Of which order lines was more delivered, some days ago, than was received on them?
WITH delivered AS (
    SELECT
        line.order_line_key,
        line.item_id,
        delivery.to_site_id AS site_id,
        string_agg(DISTINCT coalesce(delivery.number, delivery.source_key), ', ') AS deliveries,
        sum(coalesce(nullif(line.received_quantity, 0), line.quantity)) AS quantity,
        max(delivery.delivered_at) AS delivered_at
    FROM lotwatch.delivery_line AS line
    INNER JOIN lotwatch.delivery AS delivery ON line.delivery_id = delivery.delivery_id
    WHERE
        line.order_line_key IS NOT NULL AND delivery.state = 'delivered' AND delivery.from_site_id IS NULL
        AND delivery.delivered_at BETWEEN %(as_of)s - interval '1 year'
        AND %(as_of)s - make_interval(days => %(days)s::integer)
    GROUP BY line.order_line_key, line.item_id, delivery.to_site_id
),

compared AS (
    SELECT
        delivered.*,
        item.code AS item_code,
        item.name AS item_name,
        item.unit_cost,
        site.code AS site_code,
        coalesce(receipt.quantity, 0) AS received
    FROM delivered
    INNER JOIN lotwatch.item AS item ON delivered.item_id = item.item_id
    LEFT JOIN lotwatch.location AS site ON delivered.site_id = site.location_id
    LEFT JOIN lotwatch.order_line_receipt AS receipt ON delivered.order_line_key = receipt.order_line_key
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        concat_ws('|', order_line_key, item_code, site_code) AS subject_key,
        item_id,
        site_id,
        received - quantity AS quantity,
        (received - quantity) * unit_cost AS value,
        jsonb_build_object(
            'order_line', order_line_key, 'deliveries', deliveries, 'item_code', item_code, 'item_name', item_name,
            'site_code', site_code, 'delivered', quantity, 'received', received, 'delivered_at', delivered_at
        ) AS evidence
    FROM compared
    WHERE received < quantity
) AS differing ON TRUE

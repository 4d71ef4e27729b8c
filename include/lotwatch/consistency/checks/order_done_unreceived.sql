-- Which order lines are done in the ERP without anything having come of them?
WITH compared AS (
    SELECT
        line.source || '|' || line.source_key AS subject_key,
        line.*,
        item.code AS item_code,
        item.name AS item_name,
        supplier.name AS supplier_name,
        site.code AS site_code,
        coalesce(receipt.quantity, 0) AS received
    FROM lotwatch.purchase_order_line AS line
    INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
    INNER JOIN lotwatch.supplier AS supplier ON line.supplier_id = supplier.supplier_id
    INNER JOIN lotwatch.location AS site ON line.site_id = site.location_id
    LEFT JOIN lotwatch.order_line_receipt AS receipt ON line.source_key = receipt.order_line_key
    WHERE line.state = 'done' AND line.ordered_on > %(as_of)s::date - %(days)s::integer
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        subject_key,
        item_id,
        site_id,
        -quantity AS quantity,
        -quantity * unit_price AS value,
        jsonb_build_object(
            'order_number', order_number, 'line', source_key, 'supplier', supplier_name, 'item_code', item_code,
            'item_name', item_name, 'site_code', site_code, 'ordered', quantity, 'received', received
        ) AS evidence
    FROM compared
    WHERE received <= 0
) AS differing ON true

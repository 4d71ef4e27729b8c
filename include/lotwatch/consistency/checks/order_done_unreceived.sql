-- Which order lines are done in the ERP without anything having come of them?
WITH compared AS (
    SELECT * FROM lotwatch.order_line_received
    WHERE state = 'done' AND ordered_on > %(as_of)s::date - %(days)s::integer
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

-- Of which order lines did more come than was ordered?
WITH compared AS (
    SELECT * FROM lotwatch.order_line_received
    WHERE received > 0 AND ordered_on > %(as_of)s::date - %(days)s::integer
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
        received - quantity AS quantity,
        (received - quantity) * unit_price AS value,
        jsonb_build_object(
            'order_number', order_number, 'line', source_key, 'supplier', supplier_name, 'item_code', item_code,
            'item_name', item_name, 'site_code', site_code, 'ordered', quantity, 'received', received
        ) AS evidence
    FROM compared
    WHERE received > quantity
) AS differing ON true

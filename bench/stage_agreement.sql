-- Who supplies the items of a slice.
INSERT INTO stage.agreement (
    batch_id, source_key, raw, errors, supplier_code, item_code, price, currency,
    minimum_order_quantity, order_multiple, lead_time_days
)
SELECT
    %(batch_id)s,
    known.item_code AS source_key,
    '{}',
    '{}',
    known.supplier_code,
    known.item_code,
    5 + mod(known.item_number, 400),
    'CNY',
    1 + mod(known.item_number, 10),
    1 + mod(known.item_number, 5),
    10 + mod(known.item_number, 20)
FROM bench.item_site AS known
WHERE known.number >= %(first)s AND known.number < %(past)s AND mod(known.number, 20) = 0;

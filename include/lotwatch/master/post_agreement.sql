-- Who supplies what at which price, in which quantities, how fast?
INSERT INTO lotwatch.supplier_agreement AS kept (
    supplier_id, item_id, price, currency, minimum_order_quantity, order_multiple, lead_time_days
)
SELECT DISTINCT ON (item.item_id, supplier.supplier_id)
    supplier.supplier_id,
    item.item_id,
    staged.price,
    staged.currency,
    coalesce(staged.minimum_order_quantity, 1),
    coalesce(staged.order_multiple, 1),
    staged.lead_time_days
FROM stage.agreement AS staged
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
INNER JOIN lotwatch.supplier AS supplier ON staged.supplier_code = supplier.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY item.item_id, supplier.supplier_id, staged.record_no DESC
ON CONFLICT (item_id, supplier_id) DO UPDATE
    SET
        price = excluded.price, currency = excluded.currency,
        minimum_order_quantity = excluded.minimum_order_quantity, order_multiple = excluded.order_multiple,
        lead_time_days = excluded.lead_time_days
    WHERE
    (kept.price, kept.currency, kept.minimum_order_quantity, kept.order_multiple, kept.lead_time_days)
    IS DISTINCT FROM (
        excluded.price, excluded.currency, excluded.minimum_order_quantity,
        excluded.order_multiple, excluded.lead_time_days
    );

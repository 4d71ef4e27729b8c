-- Who supplies what at which price, in which quantities, how fast, on which terms? Terms that the record does not give
-- (ceiling, breaks, remaining life, return, bill-only) stay as they are: they often come from another hand than the price.
INSERT INTO lotwatch.supplier_agreement AS kept (
    supplier_id, item_id, price, currency, minimum_order_quantity, order_multiple, lead_time_days,
    price_ceiling, price_breaks, minimum_remaining_life_days, return_window_days, bill_only, active, source, source_key
)
SELECT DISTINCT ON (item.item_id, supplier.supplier_id)
    supplier.supplier_id,
    item.item_id,
    staged.price,
    staged.currency,
    coalesce(staged.minimum_order_quantity, 1),
    coalesce(staged.order_multiple, 1),
    staged.lead_time_days,
    coalesce(staged.price_ceiling, known.price_ceiling),
    coalesce(staged.price_breaks, known.price_breaks),
    coalesce(staged.minimum_remaining_life_days, known.minimum_remaining_life_days),
    coalesce(staged.return_window_days, known.return_window_days),
    coalesce(staged.bill_only, known.bill_only, FALSE),
    coalesce(staged.active, TRUE),
    batch.source,
    staged.source_key
FROM stage.agreement AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
INNER JOIN lotwatch.supplier AS supplier ON staged.supplier_code = supplier.code
LEFT JOIN lotwatch.supplier_agreement AS known
    ON item.item_id = known.item_id AND supplier.supplier_id = known.supplier_id
WHERE
    staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    -- an agreement that ended is none if another record of its source has taken its place, or if it was never ours
    AND (
        coalesce(staged.active, TRUE)
        OR (
            known.item_id IS NOT NULL
            AND (known.source IS DISTINCT FROM batch.source OR known.source_key = staged.source_key)
        )
    )
ORDER BY item.item_id ASC, supplier.supplier_id ASC, coalesce(staged.active, TRUE) DESC, staged.record_no DESC
ON CONFLICT (item_id, supplier_id) DO UPDATE
    SET
        price = excluded.price, currency = excluded.currency,
        minimum_order_quantity = excluded.minimum_order_quantity, order_multiple = excluded.order_multiple,
        lead_time_days = excluded.lead_time_days, price_ceiling = excluded.price_ceiling,
        price_breaks = excluded.price_breaks, minimum_remaining_life_days = excluded.minimum_remaining_life_days,
        return_window_days = excluded.return_window_days, bill_only = excluded.bill_only, active = excluded.active,
        source = excluded.source, source_key = excluded.source_key
    WHERE
    (
        kept.price, kept.currency, kept.minimum_order_quantity, kept.order_multiple, kept.lead_time_days,
        kept.price_ceiling, kept.price_breaks, kept.minimum_remaining_life_days, kept.return_window_days,
        kept.bill_only, kept.active, kept.source, kept.source_key
    ) IS DISTINCT FROM (
        excluded.price, excluded.currency, excluded.minimum_order_quantity, excluded.order_multiple,
        excluded.lead_time_days, excluded.price_ceiling, excluded.price_breaks, excluded.minimum_remaining_life_days,
        excluded.return_window_days, excluded.bill_only, excluded.active, excluded.source, excluded.source_key
    );

-- Order lines as the ERP has them. A line of an order that we drafted carries our proposal's code. How many are new or changed?
WITH changed AS (
    INSERT INTO lotwatch.purchase_order_line AS kept (
        source, source_key, order_number, order_reference, state, supplier_id, site_id, item_id, quantity, unit_price,
        currency, ordered_on, requested_on, promised_on, confirmed_quantity, invoiced_quantity
    )
    SELECT DISTINCT ON (staged.source_key)
        batch.source,
        staged.source_key,
        staged.order_number,
        staged.order_reference,
        staged.order_state,
        supplier.supplier_id,
        site.location_id,
        item.item_id,
        staged.quantity,
        staged.unit_price,
        staged.currency,
        staged.ordered_on,
        staged.requested_on,
        staged.promised_on,
        staged.confirmed_quantity,
        staged.invoiced_quantity
    FROM stage.purchase_line AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.supplier AS supplier ON staged.supplier_code = supplier.code
    INNER JOIN lotwatch.location AS site ON staged.site_code = site.code
    INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ORDER BY staged.source_key, staged.record_no DESC
    ON CONFLICT (source, source_key) DO UPDATE
        SET
            order_number = excluded.order_number, order_reference = excluded.order_reference, state = excluded.state,
            supplier_id = excluded.supplier_id, site_id = excluded.site_id, item_id = excluded.item_id,
            quantity = excluded.quantity, unit_price = excluded.unit_price, currency = excluded.currency,
            ordered_on = excluded.ordered_on, requested_on = excluded.requested_on,
            promised_on = excluded.promised_on, confirmed_quantity = excluded.confirmed_quantity,
            invoiced_quantity = excluded.invoiced_quantity,
            -- the ERP says another quantity: what we cancelled is out of it
            withdrawn = CASE WHEN excluded.quantity < kept.quantity THEN 0 ELSE kept.withdrawn END, recorded_at = now()
        WHERE
        (
            kept.order_number, kept.order_reference, kept.state, kept.supplier_id, kept.site_id, kept.item_id,
            kept.quantity, kept.unit_price, kept.currency, kept.ordered_on, kept.requested_on, kept.promised_on,
            kept.confirmed_quantity, kept.invoiced_quantity
        ) IS DISTINCT FROM (
            excluded.order_number, excluded.order_reference, excluded.state, excluded.supplier_id, excluded.site_id,
            excluded.item_id, excluded.quantity, excluded.unit_price, excluded.currency, excluded.ordered_on,
            excluded.requested_on, excluded.promised_on, excluded.confirmed_quantity,
            excluded.invoiced_quantity
        )
    RETURNING 1
)

SELECT count(*) FROM changed;

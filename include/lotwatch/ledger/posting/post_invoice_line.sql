-- Lines of suppliers' invoices as the ERP has them, each of an order line: of the same system, where several know its key.
-- How many are new or changed?
WITH changed AS (
    INSERT INTO lotwatch.invoice_line AS kept (
        source, source_key, invoice_key, invoice_number, supplier_number, state, order_line_source, order_line_key,
        item_id, site_id, quantity, unit_price, currency, invoiced_on
    )
    SELECT DISTINCT ON (staged.source_key)
        batch.source,
        staged.source_key,
        staged.invoice_key,
        staged.invoice_number,
        staged.supplier_number,
        staged.invoice_state,
        line.source AS order_line_source,
        line.source_key AS order_line_key,
        line.item_id,
        line.site_id,
        staged.quantity,
        staged.unit_price,
        staged.currency,
        staged.invoiced_on
    FROM stage.invoice_line AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.purchase_order_line AS line ON staged.order_line_key = line.source_key
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ORDER BY staged.source_key, staged.record_no DESC, line.source = batch.source DESC, line.source
    ON CONFLICT (source, source_key) DO UPDATE
        SET
            invoice_key = excluded.invoice_key, invoice_number = excluded.invoice_number,
            supplier_number = excluded.supplier_number, state = excluded.state,
            order_line_source = excluded.order_line_source, order_line_key = excluded.order_line_key,
            item_id = excluded.item_id, site_id = excluded.site_id, quantity = excluded.quantity,
            unit_price = excluded.unit_price, currency = excluded.currency, invoiced_on = excluded.invoiced_on,
            recorded_at = now()
        WHERE
        (
            kept.invoice_key, kept.invoice_number, kept.supplier_number, kept.state, kept.order_line_source,
            kept.order_line_key, kept.item_id, kept.site_id, kept.quantity, kept.unit_price, kept.currency,
            kept.invoiced_on
        ) IS DISTINCT FROM (
            excluded.invoice_key, excluded.invoice_number, excluded.supplier_number, excluded.state,
            excluded.order_line_source, excluded.order_line_key, excluded.item_id, excluded.site_id, excluded.quantity,
            excluded.unit_price, excluded.currency, excluded.invoiced_on
        )
    RETURNING 1
)

SELECT count(*) FROM changed;

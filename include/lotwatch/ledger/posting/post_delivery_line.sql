-- Lines of what is on its way, once their deliveries are posted. How many are new or changed?
WITH changed AS (
    INSERT INTO lotwatch.delivery_line AS kept (
        source, source_key, delivery_id, item_id, lot_id, serial_id, quantity, received_quantity, sscc, demand_line_key,
        order_line_key
    )
    SELECT DISTINCT ON (staged.source_key)
        batch.source,
        staged.source_key,
        delivery.delivery_id,
        item.item_id,
        CASE WHEN serial_unit.serial_id IS NULL THEN coalesce(lot.lot_id, 0) ELSE 0 END,
        coalesce(serial_unit.serial_id, 0),
        staged.quantity::bigint,
        coalesce(staged.received_quantity, 0),
        staged.sscc,
        staged.demand_line_key,
        staged.order_line_key
    FROM stage.delivery_line AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.delivery AS delivery
        ON batch.source = delivery.source AND staged.delivery_key = delivery.source_key
    INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
    LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
    LEFT JOIN lotwatch.serial_unit AS serial_unit
        ON item.item_id = serial_unit.item_id AND staged.serial_number = serial_unit.number
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ORDER BY staged.source_key, staged.record_no DESC
    ON CONFLICT (source, source_key) DO UPDATE
        SET
            delivery_id = excluded.delivery_id, item_id = excluded.item_id, lot_id = excluded.lot_id,
            serial_id = excluded.serial_id, quantity = excluded.quantity,
            received_quantity = excluded.received_quantity, sscc = excluded.sscc,
            demand_line_key = excluded.demand_line_key, order_line_key = excluded.order_line_key, recorded_at = now()
        WHERE
        (
            kept.delivery_id, kept.item_id, kept.lot_id, kept.serial_id, kept.quantity, kept.received_quantity,
            kept.sscc, kept.demand_line_key, kept.order_line_key
        ) IS DISTINCT FROM (
            excluded.delivery_id, excluded.item_id, excluded.lot_id, excluded.serial_id, excluded.quantity,
            excluded.received_quantity, excluded.sscc, excluded.demand_line_key, excluded.order_line_key
        )
    RETURNING 1
)

SELECT count(*) FROM changed;

-- What is set aside, as the system that picks it has it. How many are new or changed?
-- An allocation was made once: read again, it keeps the moment at which we first knew of it, until it is closed.
WITH changed AS (
    INSERT INTO lotwatch.allocation AS kept (
        source, source_key, demand_line_key, item_id, location_id, lot_id, serial_id, quantity, allocated_at, closed_at
    )
    SELECT DISTINCT ON (staged.source_key)
        batch.source,
        staged.source_key,
        staged.demand_line_key,
        item.item_id,
        place.location_id,
        CASE WHEN serial_unit.serial_id IS NULL THEN coalesce(lot.lot_id, 0) ELSE 0 END,
        coalesce(serial_unit.serial_id, 0),
        staged.quantity::bigint,
        staged.allocated_at,
        staged.closed_at
    FROM stage.allocation AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
    INNER JOIN lotwatch.location AS place ON staged.location_code = place.code
    LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
    LEFT JOIN lotwatch.serial_unit AS serial_unit
        ON item.item_id = serial_unit.item_id AND staged.serial_number = serial_unit.number
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ORDER BY staged.source_key, staged.record_no DESC
    ON CONFLICT (source, source_key) DO UPDATE
        SET
            demand_line_key = excluded.demand_line_key, item_id = excluded.item_id, location_id = excluded.location_id,
            lot_id = excluded.lot_id, serial_id = excluded.serial_id, quantity = excluded.quantity,
            allocated_at = CASE WHEN kept.closed_at IS NULL THEN kept.allocated_at ELSE excluded.allocated_at END,
            closed_at = excluded.closed_at, recorded_at = now()
        WHERE
        (
            kept.demand_line_key, kept.item_id, kept.location_id, kept.lot_id, kept.serial_id, kept.quantity,
            kept.closed_at
        ) IS DISTINCT FROM (
            excluded.demand_line_key, excluded.item_id, excluded.location_id, excluded.lot_id, excluded.serial_id,
            excluded.quantity, excluded.closed_at
        )
    RETURNING 1
)

SELECT count(*) FROM changed;

-- What a system states to be where. How many statements are new or changed?
-- A later statement of a place replaces the earlier one: what it leaves out is said to be empty (0, not forgotten: our own
-- stock is compared with that too), unless the record of it waits in quarantine. An earlier one that comes late changes nothing.
WITH told AS (
    SELECT DISTINCT ON (staged.source_key)
        batch.source,
        staged.source_key,
        item.item_id,
        place.location_id,
        coalesce(lot.lot_id, 0) AS lot_id,
        coalesce(serial_unit.serial_id, 0) AS serial_id,
        staged.quantity::bigint AS quantity,
        staged.stated_at
    FROM stage.stock_level AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
    INNER JOIN lotwatch.location AS place ON staged.location_code = place.code
    LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
    LEFT JOIN lotwatch.serial_unit AS serial_unit
        ON item.item_id = serial_unit.item_id AND staged.serial_number = serial_unit.number
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ORDER BY staged.source_key, staged.stated_at DESC, staged.record_no DESC
),

written AS (
    INSERT INTO lotwatch.stated_stock AS kept (
        source, source_key, item_id, location_id, lot_id, serial_id, quantity, stated_at
    )
    SELECT
        told.source,
        told.source_key,
        told.item_id,
        told.location_id,
        told.lot_id,
        told.serial_id,
        told.quantity,
        told.stated_at
    FROM told
    ORDER BY told.source_key
    ON CONFLICT (source, source_key) DO UPDATE
        SET
            item_id = excluded.item_id, location_id = excluded.location_id, lot_id = excluded.lot_id,
            serial_id = excluded.serial_id, quantity = excluded.quantity, stated_at = excluded.stated_at,
            recorded_at = now()
        WHERE
        kept.stated_at <= excluded.stated_at
        AND (kept.item_id, kept.location_id, kept.lot_id, kept.serial_id, kept.quantity, kept.stated_at)
        IS DISTINCT FROM (
            excluded.item_id, excluded.location_id, excluded.lot_id, excluded.serial_id, excluded.quantity,
            excluded.stated_at
        )
    RETURNING kept.source_key
),

emptied AS (
    UPDATE lotwatch.stated_stock AS kept
    SET quantity = 0, stated_at = statement.stated_at, recorded_at = now()
    FROM (
        SELECT
            told.source,
            told.location_id,
            max(told.stated_at) AS stated_at
        FROM told
        GROUP BY told.source, told.location_id
    ) AS statement
    WHERE
        kept.source = statement.source AND kept.location_id = statement.location_id
        AND kept.stated_at < statement.stated_at
        AND NOT EXISTS (
            SELECT 1 FROM told
            WHERE told.source_key = kept.source_key
        )
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.quarantine AS waiting
            WHERE
                waiting.state = 'open' AND waiting.source = kept.source AND waiting.entity = 'stock_level'
                AND waiting.source_key = kept.source_key
        )
    RETURNING kept.source_key
)

SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM emptied);

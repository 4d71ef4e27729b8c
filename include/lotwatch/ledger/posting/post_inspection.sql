-- Inspections as the quality system has them. How many are new or changed?
WITH changed AS (
    INSERT INTO lotwatch.inspection AS kept (
        source, source_key, number, item_id, lot_id, location_id, state, sampled_quantity, opened_at, due_on, closed_at
    )
    SELECT DISTINCT ON (staged.source_key)
        batch.source,
        staged.source_key,
        staged.number,
        item.item_id,
        lot.lot_id,
        place.location_id,
        staged.state,
        staged.quantity,
        staged.opened_at,
        staged.due_on,
        staged.closed_at
    FROM stage.inspection AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
    LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
    LEFT JOIN lotwatch.location AS place ON staged.location_code = place.code
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ORDER BY staged.source_key, staged.record_no DESC
    ON CONFLICT (source, source_key) DO UPDATE
        SET
            number = excluded.number, item_id = excluded.item_id, lot_id = excluded.lot_id,
            location_id = excluded.location_id, state = excluded.state, sampled_quantity = excluded.sampled_quantity,
            opened_at = excluded.opened_at, due_on = excluded.due_on, closed_at = excluded.closed_at
        WHERE
        (
            kept.number, kept.item_id, kept.lot_id, kept.location_id, kept.state, kept.sampled_quantity,
            kept.opened_at, kept.due_on, kept.closed_at
        ) IS DISTINCT FROM (
            excluded.number, excluded.item_id, excluded.lot_id, excluded.location_id, excluded.state,
            excluded.sampled_quantity, excluded.opened_at, excluded.due_on, excluded.closed_at
        )
    RETURNING 1
)

SELECT count(*) FROM changed;

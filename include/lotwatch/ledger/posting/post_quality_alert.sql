-- Quality alerts as the quality system has them. How many are new or changed?
WITH changed AS (
    INSERT INTO lotwatch.quality_alert AS kept (
        source, source_key, number, item_id, lot_id, location_id, inspection_key, title, description, state, opened_at,
        closed_at
    )
    SELECT DISTINCT ON (staged.source_key)
        batch.source,
        staged.source_key,
        staged.number,
        item.item_id,
        lot.lot_id,
        place.location_id,
        staged.inspection_key,
        staged.title,
        staged.description,
        staged.state,
        staged.opened_at,
        staged.closed_at
    FROM stage.quality_alert AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    LEFT JOIN lotwatch.item AS item ON staged.item_code = item.code
    LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
    LEFT JOIN lotwatch.location AS place ON staged.location_code = place.code
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ORDER BY staged.source_key, staged.record_no DESC
    ON CONFLICT (source, source_key) DO UPDATE
        SET
            number = excluded.number, item_id = excluded.item_id, lot_id = excluded.lot_id,
            location_id = excluded.location_id, inspection_key = excluded.inspection_key, title = excluded.title,
            description = excluded.description, state = excluded.state, opened_at = excluded.opened_at,
            closed_at = excluded.closed_at, recorded_at = now()
        WHERE
        (
            kept.number, kept.item_id, kept.lot_id, kept.location_id, kept.inspection_key, kept.title,
            kept.description, kept.state, kept.opened_at, kept.closed_at
        ) IS DISTINCT FROM (
            excluded.number, excluded.item_id, excluded.lot_id, excluded.location_id, excluded.inspection_key,
            excluded.title, excluded.description, excluded.state, excluded.opened_at, excluded.closed_at
        )
    RETURNING kept.source_key
)

SELECT count(*) FROM changed;

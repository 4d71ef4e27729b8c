-- Lines of what is wanted, once their orders are posted. How many are new or changed?
WITH changed AS (
    INSERT INTO lotwatch.demand_order_line AS kept (
        source, source_key, demand_order_id, item_id, site_id, quantity, need_by, minimum_remaining_life_days, state,
        closed_at
    )
    SELECT DISTINCT ON (staged.source_key)
        batch.source,
        staged.source_key,
        wanted.demand_order_id,
        item.item_id,
        site.location_id,
        staged.quantity::bigint,
        staged.need_by,
        staged.minimum_remaining_life_days,
        staged.state,
        staged.closed_at
    FROM stage.demand_line AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.demand_order AS wanted
        ON batch.source = wanted.source AND staged.order_key = wanted.source_key
    INNER JOIN lotwatch.location AS site ON staged.site_code = site.code
    INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ORDER BY staged.source_key, staged.record_no DESC
    ON CONFLICT (source, source_key) DO UPDATE
        SET
            demand_order_id = excluded.demand_order_id, item_id = excluded.item_id, site_id = excluded.site_id,
            quantity = excluded.quantity, need_by = excluded.need_by,
            minimum_remaining_life_days = excluded.minimum_remaining_life_days, state = excluded.state,
            closed_at = excluded.closed_at, recorded_at = now()
        WHERE
        (
            kept.demand_order_id, kept.item_id, kept.site_id, kept.quantity, kept.need_by,
            kept.minimum_remaining_life_days, kept.state, kept.closed_at
        ) IS DISTINCT FROM (
            excluded.demand_order_id, excluded.item_id, excluded.site_id, excluded.quantity, excluded.need_by,
            excluded.minimum_remaining_life_days, excluded.state, excluded.closed_at
        )
    RETURNING 1
)

SELECT count(*) FROM changed;

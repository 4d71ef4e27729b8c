-- Orders for what is wanted, as their own system has them. Their lines are posted next. How many are new or changed?
WITH changed AS (
    INSERT INTO lotwatch.demand_order AS kept (
        source, source_key, number, kind, site_id, customer_location_id, priority, ordered_at, procedure_at,
        procedure_reference
    )
    SELECT DISTINCT ON (staged.order_key)
        batch.source,
        staged.order_key,
        staged.order_number,
        staged.order_kind,
        site.location_id AS site_id,
        customer.location_id AS customer_location_id,
        coalesce(staged.priority, 'routine'),
        staged.ordered_at,
        staged.procedure_at,
        staged.procedure_reference
    FROM stage.demand_line AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.location AS site ON staged.site_code = site.code
    LEFT JOIN lotwatch.location AS customer ON staged.customer_location = customer.code
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ORDER BY staged.order_key, staged.record_no DESC
    ON CONFLICT (source, source_key) DO UPDATE
        SET
            number = excluded.number, kind = excluded.kind, site_id = excluded.site_id,
            customer_location_id = excluded.customer_location_id, priority = excluded.priority,
            ordered_at = excluded.ordered_at, procedure_at = excluded.procedure_at,
            procedure_reference = excluded.procedure_reference, recorded_at = now()
        WHERE
        (
            kept.number, kept.kind, kept.site_id, kept.customer_location_id, kept.priority, kept.ordered_at,
            kept.procedure_at, kept.procedure_reference
        ) IS DISTINCT FROM (
            excluded.number, excluded.kind, excluded.site_id, excluded.customer_location_id, excluded.priority,
            excluded.ordered_at, excluded.procedure_at, excluded.procedure_reference
        )
    RETURNING kept.demand_order_id
),

woken AS (
    INSERT INTO lotwatch.change (item_id, location_id)
    SELECT DISTINCT
        line.item_id,
        line.site_id
    FROM changed
    INNER JOIN lotwatch.demand_order_line AS line ON changed.demand_order_id = line.demand_order_id
)

SELECT count(*) FROM changed;

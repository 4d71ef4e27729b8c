-- Deliveries as the system that sends or tracks them has them. Their lines are posted next. How many are new or changed?
WITH changed AS (
    INSERT INTO lotwatch.delivery AS kept (
        source, source_key, number, from_site_id, to_location_id, to_site_id, carrier, tracking_number, state,
        shipped_at, expected_at, delivered_at, cancelled_at
    )
    SELECT DISTINCT ON (staged.delivery_key)
        batch.source,
        staged.delivery_key,
        staged.delivery_number,
        origin.location_id AS from_site_id,
        destination.location_id AS to_location_id,
        destination.site_id AS to_site_id,
        staged.carrier,
        staged.tracking_number,
        staged.state,
        staged.shipped_at,
        staged.expected_at,
        staged.delivered_at,
        staged.cancelled_at
    FROM stage.delivery_line AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.location AS destination ON staged.to_location = destination.code
    LEFT JOIN lotwatch.location AS origin ON staged.from_site = origin.code
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ORDER BY staged.delivery_key, staged.record_no DESC
    ON CONFLICT (source, source_key) DO UPDATE
        SET
            number = excluded.number, from_site_id = excluded.from_site_id, to_location_id = excluded.to_location_id,
            to_site_id = excluded.to_site_id, carrier = excluded.carrier, tracking_number = excluded.tracking_number,
            state = excluded.state, shipped_at = excluded.shipped_at, expected_at = excluded.expected_at,
            delivered_at = excluded.delivered_at, cancelled_at = excluded.cancelled_at, recorded_at = now()
        WHERE
        (
            kept.number, kept.from_site_id, kept.to_location_id, kept.to_site_id, kept.carrier, kept.tracking_number,
            kept.state, kept.shipped_at, kept.expected_at, kept.delivered_at, kept.cancelled_at
        ) IS DISTINCT FROM (
            excluded.number, excluded.from_site_id, excluded.to_location_id, excluded.to_site_id, excluded.carrier,
            excluded.tracking_number, excluded.state, excluded.shipped_at, excluded.expected_at, excluded.delivered_at,
            excluded.cancelled_at
        )
    RETURNING
        kept.delivery_id, kept.to_site_id, old.to_site_id AS old_site_id, kept.expected_at,
        old.expected_at AS expected_before
),

slipped AS (
    INSERT INTO lotwatch.eta_change (delivery_id, expected_before, expected_at, told_at)
    SELECT
        changed.delivery_id,
        changed.expected_before,
        changed.expected_at,
        batch.as_of
    FROM changed
    INNER JOIN lotwatch.batch AS batch ON batch.batch_id = %(batch_id)s
    WHERE changed.expected_before <> changed.expected_at
),

woken AS (
    INSERT INTO lotwatch.change (item_id, location_id)
    SELECT
        line.item_id,
        changed.to_site_id
    FROM changed
    INNER JOIN lotwatch.delivery_line AS line ON changed.delivery_id = line.delivery_id
    WHERE changed.to_site_id IS NOT NULL
    UNION
    SELECT
        line.item_id,
        changed.old_site_id
    FROM changed
    INNER JOIN lotwatch.delivery_line AS line ON changed.delivery_id = line.delivery_id
    WHERE changed.old_site_id IS NOT NULL
)

SELECT count(*) FROM changed;

-- Deliveries of whole packages that events announce, with what was in them when they left: what a batch tells of such events
-- or of such packages' contents. One whose event was declared an error was never sent. Which lines are new or changed?
WITH RECURSIVE package AS (
    SELECT staged.sscc
    FROM stage.package_event AS staged
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    UNION
    SELECT event.sscc
    FROM package
    INNER JOIN lotwatch.package_event AS event ON package.sscc = event.child_sscc
),

named AS (
    SELECT
        event.source,
        event.source_key
    FROM stage.tracking_event AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.tracking_event AS event
        ON batch.source = event.source AND coalesce(staged.takes_back, staged.source_key) = event.source_key
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.announces
    UNION
    SELECT
        event.source,
        event.source_key
    FROM package
    INNER JOIN lotwatch.tracking_event AS event ON package.sscc = event.sscc
    WHERE event.announces
),

told AS (
    SELECT
        event.*,
        error.error_declared_at AS declared_at
    FROM named
    INNER JOIN lotwatch.tracking_event AS event ON named.source = event.source AND named.source_key = event.source_key
    LEFT JOIN lotwatch.tracking_event AS error ON event.source = error.source AND event.source_key = error.takes_back
    WHERE event.takes_back IS NULL AND event.destination_id IS NOT NULL AND event.sscc IS NOT NULL
),

sent AS (
    INSERT INTO lotwatch.delivery AS kept (
        source, source_key, number, to_location_id, to_site_id, state, shipped_at, cancelled_at
    )
    SELECT DISTINCT ON (told.source, told.delivery_key)
        told.source,
        told.delivery_key,
        told.delivery_number,
        destination.location_id,
        destination.site_id,
        CASE WHEN told.declared_at IS NULL THEN 'shipped' ELSE 'cancelled' END,
        told.occurred_at,
        told.declared_at
    FROM told
    INNER JOIN lotwatch.location AS destination ON told.destination_id = destination.location_id
    ORDER BY told.source, told.delivery_key, told.occurred_at
    ON CONFLICT (source, source_key) DO UPDATE
        SET
            state = CASE WHEN excluded.state = 'cancelled' THEN 'cancelled' ELSE kept.state END,
            delivered_at = CASE WHEN excluded.state = 'cancelled' THEN NULL ELSE kept.delivered_at END,
            cancelled_at = excluded.cancelled_at,
            recorded_at = CASE
                WHEN kept.cancelled_at IS DISTINCT FROM excluded.cancelled_at THEN now() ELSE kept.recorded_at
            END
    RETURNING delivery_id, source, source_key, to_site_id
),

packed AS (
    SELECT
        told.source,
        concat_ws(
            '|', told.event_key, told.sscc, item.code, lot.number, serial_unit.number
        ) AS source_key,
        sent.delivery_id,
        sent.to_site_id,
        content.item_id,
        content.lot_id,
        content.serial_id,
        sum(content.quantity)::bigint AS quantity,
        told.sscc
    FROM told
    INNER JOIN sent ON told.source = sent.source AND told.delivery_key = sent.source_key
    CROSS JOIN LATERAL lotwatch.content_of(told.sscc, told.occurred_at) AS content
    INNER JOIN lotwatch.item AS item ON content.item_id = item.item_id
    LEFT JOIN lotwatch.lot AS lot ON content.lot_id = lot.lot_id
    LEFT JOIN lotwatch.serial_unit AS serial_unit ON content.serial_id = serial_unit.serial_id
    WHERE content.quantity > 0
    GROUP BY
        told.source, told.event_key, told.sscc, sent.delivery_id, sent.to_site_id, content.item_id, content.lot_id,
        content.serial_id, item.code, lot.number, serial_unit.number
),

lines AS (
    INSERT INTO lotwatch.delivery_line AS kept (
        source, source_key, delivery_id, item_id, lot_id, serial_id, quantity, sscc
    )
    SELECT
        packed.source,
        packed.source_key,
        packed.delivery_id,
        packed.item_id,
        packed.lot_id,
        packed.serial_id,
        packed.quantity,
        packed.sscc
    FROM packed
    ON CONFLICT (source, source_key) DO UPDATE
        SET quantity = excluded.quantity, recorded_at = now()
        WHERE kept.quantity <> excluded.quantity
    RETURNING kept.item_id, kept.delivery_id
),

woken AS (
    INSERT INTO lotwatch.change (item_id, location_id)
    SELECT DISTINCT
        packed.item_id,
        packed.to_site_id
    FROM packed
    WHERE packed.to_site_id IS NOT NULL
)

SELECT DISTINCT sent.delivery_id
FROM sent
ORDER BY sent.delivery_id;

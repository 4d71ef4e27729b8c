-- Deliveries whose lines have all been received have arrived; one of which a receipt was taken back is under way again.
WITH told AS (
    SELECT DISTINCT
        staged.sscc,
        staged.delivery_key
    FROM stage.tracking_event AS staged
    WHERE
        staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.biz_step IN ('receiving', 'accepting')
        AND num_nonnulls(staged.sscc, staged.delivery_key) > 0
),

touched AS (
    SELECT line.delivery_id
    FROM told
    INNER JOIN lotwatch.delivery_line AS line ON told.sscc = line.sscc
    UNION
    SELECT delivery.delivery_id
    FROM told
    INNER JOIN lotwatch.delivery AS delivery ON told.delivery_key = delivery.source_key
    UNION
    SELECT delivery.delivery_id
    FROM lotwatch.delivery AS delivery
    WHERE delivery.delivery_id = ANY(%(announced)s)
),

whole AS (
    SELECT
        delivery.delivery_id,
        bool_and(line.received_quantity >= line.quantity) AS arrived,
        max(receipt.received_at) AS received_at
    FROM touched
    INNER JOIN lotwatch.delivery AS delivery ON touched.delivery_id = delivery.delivery_id
    INNER JOIN lotwatch.delivery_line AS line ON delivery.delivery_id = line.delivery_id
    LEFT JOIN LATERAL (
        SELECT min(known.received_at) AS received_at
        FROM lotwatch.receipt_told AS known
        WHERE
            known.site_id = delivery.to_site_id
            AND (
                known.sscc = line.sscc
                OR (known.delivery_key = delivery.source_key AND (known.sscc IS NULL OR line.sscc IS NULL))
            )
    ) AS receipt ON TRUE
    WHERE delivery.state <> 'cancelled'
    GROUP BY delivery.delivery_id
)

UPDATE lotwatch.delivery AS delivery
SET
    state = CASE WHEN whole.arrived THEN 'delivered' ELSE 'shipped' END,
    delivered_at = CASE WHEN whole.arrived THEN whole.received_at END,
    recorded_at = now()
FROM whole
WHERE
    delivery.delivery_id = whole.delivery_id
    AND (
        (whole.arrived AND delivery.state IN ('planned', 'shipped') AND whole.received_at IS NOT NULL)
        OR (NOT whole.arrived AND delivery.state = 'delivered' AND whole.received_at IS NULL)
    );

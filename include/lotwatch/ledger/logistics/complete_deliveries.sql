-- What was told before of the deliveries that a batch brings: received at their site, or never sent. A delivery has
-- arrived once all its lines have.
WITH line AS (
    SELECT
        staged.record_no,
        staged.delivery_key,
        staged.quantity,
        greatest(by_package.received_at, by_delivery.received_at) AS received_at,
        (
            SELECT min(coalesce(error.error_declared_at, error.stated_at, error.occurred_at))
            FROM lotwatch.tracking_event AS error
            WHERE
                error.delivery_key = staged.delivery_key AND error.source = batch.source AND error.takes_back IS NOT NULL
                AND starts_with(staged.source_key, error.event_key || '|')
        ) AS declared_at
    FROM stage.delivery_line AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.location AS destination ON staged.to_location = destination.code
    LEFT JOIN LATERAL (
        SELECT min(told.received_at) AS received_at
        FROM lotwatch.receipt_told AS told
        WHERE told.sscc = staged.sscc AND told.site_id = destination.site_id
    ) AS by_package ON TRUE
    LEFT JOIN LATERAL (
        SELECT min(told.received_at) AS received_at
        FROM lotwatch.receipt_told AS told
        WHERE
            told.delivery_key = staged.delivery_key AND told.site_id = destination.site_id
            AND (told.sscc IS NULL OR staged.sscc IS NULL)
    ) AS by_delivery ON TRUE
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
),

delivery AS (
    SELECT
        line.delivery_key,
        CASE WHEN count(*) = count(line.received_at) THEN max(line.received_at) END AS delivered_at,
        max(line.declared_at) AS declared_at
    FROM line
    GROUP BY line.delivery_key
)

UPDATE stage.delivery_line AS staged
SET
    received_quantity = CASE
        WHEN line.received_at IS NOT NULL AND delivery.declared_at IS NULL THEN line.quantity::bigint
        ELSE staged.received_quantity
    END,
    state = CASE
        WHEN delivery.declared_at IS NOT NULL THEN 'cancelled'
        WHEN delivery.delivered_at IS NOT NULL THEN 'delivered'
        ELSE staged.state
    END,
    delivered_at = CASE
        WHEN delivery.declared_at IS NOT NULL THEN NULL
        ELSE coalesce(staged.delivered_at, delivery.delivered_at)
    END,
    cancelled_at = coalesce(staged.cancelled_at, delivery.declared_at)
FROM line
INNER JOIN delivery ON line.delivery_key = delivery.delivery_key
WHERE
    staged.batch_id = %(batch_id)s AND staged.record_no = line.record_no
    AND (
        delivery.declared_at IS NOT NULL
        OR (line.received_at IS NOT NULL AND staged.state IN ('planned', 'shipped'))
    );

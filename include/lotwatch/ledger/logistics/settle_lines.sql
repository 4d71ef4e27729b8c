-- What a batch's tracking events say of delivery lines: received at their site, or not after all. How many changed?
WITH told AS (
    SELECT DISTINCT
        staged.sscc,
        staged.delivery_key,
        staged.takes_back IS NOT NULL AS taken_back
    FROM stage.tracking_event AS staged
    WHERE
        staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.biz_step IN ('receiving', 'accepting')
        AND num_nonnulls(staged.sscc, staged.delivery_key) > 0
),

touched AS (
    SELECT
        line.source,
        line.source_key,
        told.taken_back
    FROM told
    INNER JOIN lotwatch.delivery_line AS line ON told.sscc = line.sscc
    UNION
    SELECT
        line.source,
        line.source_key,
        told.taken_back
    FROM told
    INNER JOIN lotwatch.delivery AS delivery ON told.delivery_key = delivery.source_key
    INNER JOIN lotwatch.delivery_line AS line ON delivery.delivery_id = line.delivery_id
    UNION
    SELECT
        line.source,
        line.source_key,
        FALSE AS taken_back
    FROM lotwatch.delivery_line AS line
    WHERE line.delivery_id = ANY(%(announced)s)
),

judged AS (
    SELECT
        line.source,
        line.source_key,
        bool_or(touched.taken_back) AS taken_back,
        bool_or(
            EXISTS (
                SELECT 1 FROM lotwatch.receipt_told AS receipt
                WHERE
                    receipt.site_id = delivery.to_site_id
                    AND (
                        receipt.sscc = line.sscc
                        OR (
                            receipt.delivery_key = delivery.source_key AND (receipt.sscc IS NULL OR line.sscc IS NULL)
                        )
                    )
            )
        ) AS received
    FROM touched
    INNER JOIN lotwatch.delivery_line AS line
        ON touched.source = line.source AND touched.source_key = line.source_key
    INNER JOIN lotwatch.delivery AS delivery ON line.delivery_id = delivery.delivery_id
    WHERE delivery.state <> 'cancelled'
    GROUP BY line.source, line.source_key
),

changed AS (
    UPDATE lotwatch.delivery_line AS line
    SET received_quantity = CASE WHEN judged.received THEN line.quantity ELSE 0 END, recorded_at = now()
    FROM judged
    WHERE
        line.source = judged.source AND line.source_key = judged.source_key
        AND (
            (judged.received AND line.received_quantity < line.quantity)
            OR (judged.taken_back AND NOT judged.received AND line.received_quantity > 0)
        )
    RETURNING 1
)

SELECT count(*) FROM changed;

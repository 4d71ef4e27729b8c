-- What of a disposition do departments have, place by place, and of lots that failed their inspection also customers: what they
-- got and did not send back?
WITH RECURSIVE line AS (
    SELECT
        wanted.item_id,
        wanted.lot_id,
        wanted.serial_id,
        wanted.location_id,
        wanted.quantity,
        coalesce(alert.subject_kind = 'inspection', FALSE) AS failed
    FROM lotwatch.proposal_line AS wanted
    LEFT JOIN lotwatch.alert AS alert ON wanted.alert_id = alert.alert_id
    WHERE wanted.proposal_id = %(proposal_id)s AND NOT wanted.refused
),

-- from each place upwards, as far as its department
above AS (
    SELECT DISTINCT
        line.location_id AS from_id,
        place.location_id AS holder_id,
        place.kind,
        place.parent_id
    FROM line
    INNER JOIN lotwatch.location AS place ON line.location_id = place.location_id
    UNION ALL
    SELECT
        above.from_id,
        place.location_id,
        place.kind,
        place.parent_id
    FROM above
    INNER JOIN lotwatch.location AS place ON above.parent_id = place.location_id
    WHERE above.kind NOT IN ('department', 'site')
),

customer AS (
    SELECT DISTINCT customer_location_id AS customer_id
    FROM lotwatch.demand_order
    WHERE kind = 'customer' AND customer_location_id IS NOT NULL
),

delivered AS (
    SELECT
        customer.customer_id,
        line.item_id,
        line.lot_id,
        line.serial_id,
        sum(CASE movement.to_location_id WHEN customer.customer_id THEN movement.quantity ELSE -movement.quantity END)
            AS quantity
    FROM (
        SELECT DISTINCT
            item_id,
            lot_id,
            serial_id
        FROM line
        WHERE failed AND (lot_id <> 0 OR serial_id <> 0)
    ) AS line
    INNER JOIN lotwatch.movement AS movement
        ON
            line.item_id = movement.item_id
            AND (
                (line.serial_id <> 0 AND line.serial_id = movement.serial_id)
                OR (line.serial_id = 0 AND line.lot_id = movement.lot_id AND movement.serial_id = 0)
            )
    INNER JOIN customer ON customer.customer_id IN (movement.to_location_id, movement.from_location_id)
    GROUP BY customer.customer_id, line.item_id, line.lot_id, line.serial_id
)

SELECT
    above.holder_id,
    line.item_id,
    line.lot_id,
    line.serial_id,
    line.location_id,
    line.quantity
FROM line
INNER JOIN above ON line.location_id = above.from_id AND above.kind = 'department'
WHERE line.failed OR NOT %(failed_only)s
UNION ALL
SELECT
    delivered.customer_id,
    delivered.item_id,
    delivered.lot_id,
    delivered.serial_id,
    delivered.customer_id AS held_at_id,
    delivered.quantity::bigint
FROM delivered
WHERE delivered.quantity > 0
ORDER BY holder_id, item_id, lot_id, serial_id, location_id;

-- What waits elsewhere for sites that are critically short of it, or whose shipment of it is critically late, and is to leave later
-- than today: transfers that have not left, and orders that another site serves. Not what was proposed within a day, nor what is held.
WITH alert AS (
    SELECT known.*
    FROM lotwatch.alert AS known
    WHERE
        (known.rule_id || '/' || known.variant) = ANY(%(acting)s::text[]) AND known.state IN ('open', 'acknowledged')
        AND known.severity = 'critical'
),

short AS (
    SELECT
        concerned.item_id,
        concerned.site_id,
        min(concerned.alert_id) AS alert_id
    FROM (
        SELECT
            (alert.subject ->> 'item_id')::bigint AS item_id,
            (alert.subject ->> 'site_id')::bigint AS site_id,
            alert.alert_id
        FROM alert
        WHERE alert.subject_kind = 'item_site'
        UNION ALL
        SELECT
            line.item_id,
            delivery.to_site_id,
            alert.alert_id
        FROM alert
        INNER JOIN lotwatch.delivery AS delivery ON alert.subject_key = delivery.source || ':' || delivery.source_key
        INNER JOIN lotwatch.delivery_line AS line ON delivery.delivery_id = line.delivery_id
        WHERE alert.subject_kind = 'shipment' AND line.received_quantity < line.quantity
    ) AS concerned
    GROUP BY concerned.item_id, concerned.site_id
),

waiting AS (
    SELECT
        'delivery' AS document,
        delivery.source,
        delivery.source_key AS document_key,
        delivery.number,
        delivery.from_site_id,
        delivery.to_site_id AS site_id,
        line.item_id,
        line.lot_id,
        line.serial_id,
        line.quantity,
        (delivery.expected_at AT TIME ZONE giver.time_zone)::date AS day
    FROM lotwatch.delivery AS delivery
    INNER JOIN lotwatch.delivery_line AS line ON delivery.delivery_id = line.delivery_id
    INNER JOIN lotwatch.location AS giver ON delivery.from_site_id = giver.location_id
    WHERE delivery.state = 'planned'
    UNION ALL
    SELECT
        'demand_order',
        line.source,
        demand.source_key,
        demand.number,
        line.site_id AS from_site_id,
        place.site_id,
        line.item_id,
        NULL,
        NULL,
        line.outstanding,
        line.need_by
    FROM lotwatch.demand_line_open AS line
    INNER JOIN lotwatch.demand_order AS demand ON line.demand_order_id = demand.demand_order_id
    INNER JOIN lotwatch.location AS place ON demand.customer_location_id = place.location_id
    WHERE place.site_id <> line.site_id
)

SELECT
    waiting.document,
    waiting.source,
    waiting.document_key,
    waiting.number,
    waiting.from_site_id,
    waiting.site_id,
    waiting.item_id,
    giver.today,
    max(waiting.day) AS day,
    sum(waiting.quantity)::bigint AS quantity,
    min(short.alert_id) AS alert_id,
    coalesce(min(item.unit_cost), 0)::float AS unit_cost
FROM waiting
INNER JOIN short ON waiting.item_id = short.item_id AND waiting.site_id = short.site_id
INNER JOIN lotwatch.item AS item ON waiting.item_id = item.item_id
INNER JOIN lotwatch.site_today AS giver ON waiting.from_site_id = giver.site_id
WHERE
    coalesce(waiting.day > giver.today, TRUE)
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.hold AS hold
        LEFT JOIN lotwatch.serial_unit AS unit ON waiting.serial_id = unit.serial_id
        WHERE
            hold.item_id = waiting.item_id AND hold.released_at IS NULL AND hold.location_id IS NULL
            AND (hold.lot_id IS NULL OR hold.lot_id = coalesce(unit.lot_id, waiting.lot_id))
            AND (hold.serial_id IS NULL OR hold.serial_id = waiting.serial_id)
    )
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.proposal AS known
        WHERE
            known.kind = 'priority' AND known.details ->> 'source' = waiting.source
            AND known.details ->> 'key' = waiting.document_key
            AND (
                known.state IN ('proposed', 'waiting', 'approved', 'sending')
                OR known.created_at > (SELECT lotwatch.as_of()) - interval '1 day'
            )
    )
GROUP BY
    waiting.document, waiting.source, waiting.document_key, waiting.number, waiting.from_site_id, waiting.site_id,
    waiting.item_id, giver.today
ORDER BY waiting.document, waiting.source, waiting.document_key, waiting.item_id;

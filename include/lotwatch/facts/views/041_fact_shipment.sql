-- Deliveries on their way, and those that arrived lately: late, silent, exposed, short.
CREATE VIEW lotwatch.fact_shipment AS
WITH delivery AS (
    SELECT
        delivery.*,
        coalesce(delivery.delivered_at <= (SELECT lotwatch.as_of()), FALSE) AS arrived
    FROM lotwatch.delivery AS delivery
    WHERE
        delivery.shipped_at <= (SELECT lotwatch.as_of())
        AND coalesce(delivery.cancelled_at, 'infinity') > (SELECT lotwatch.as_of())
        AND coalesce(delivery.delivered_at, 'infinity') > (SELECT lotwatch.as_of()) - interval '30 days'
)

SELECT
    delivery.source || ':' || delivery.source_key AS subject_key,
    delivery.to_site_id AS site_id,
    supplier.supplier_id,
    delivery.number AS delivery_number,
    delivery.carrier,
    delivery.tracking_number,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name,
    origin.code AS from_site_code,
    destination.code AS to_location_code,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    content.items,
    content.item_code,
    content.criticality,
    CASE WHEN delivery.arrived THEN 'arrived' ELSE 'moving' END AS state,
    content.quantity,
    content.received,
    CASE WHEN delivery.arrived THEN content.missing ELSE 0 END AS short,
    delivery.shipped_at,
    delivery.expected_at,
    round(extract(EPOCH FROM least(lotwatch.as_of(), delivery.delivered_at) - delivery.expected_at) / 3600, 1) AS hours_late,
    extract(DAY FROM least(lotwatch.as_of(), delivery.delivered_at) - delivery.shipped_at)::integer AS days_under_way,
    tracked.events AS tracking_events,
    greatest(tracked.last_at, delivery.shipped_at) AS last_event_at,
    CASE
        WHEN delivery.arrived THEN 0
        ELSE extract(DAY FROM lotwatch.as_of() - greatest(tracked.last_at, delivery.shipped_at))::integer
    END AS days_silent,
    tracked.damage AS damage_events,
    exposed.excursions,
    moved.slips AS eta_slips,
    moved.hours AS eta_slipped_hours,
    content.data_in_quarantine
FROM delivery
INNER JOIN lotwatch.location AS destination ON delivery.to_location_id = destination.location_id
LEFT JOIN lotwatch.location AS site ON delivery.to_site_id = site.location_id
LEFT JOIN lotwatch.location AS origin ON delivery.from_site_id = origin.location_id
INNER JOIN LATERAL (
    SELECT
        count(DISTINCT line.item_id) AS items,
        CASE WHEN min(item.code) = max(item.code) THEN min(item.code) END AS item_code,
        CASE
            WHEN bool_or(item.criticality = 'life_supporting') THEN 'life_supporting'
            WHEN bool_or(item.criticality = 'critical') THEN 'critical'
            ELSE 'standard'
        END AS criticality,
        sum(line.quantity)::bigint AS quantity,
        sum(line.received_quantity)::bigint AS received,
        sum(greatest(line.quantity - line.received_quantity, 0))::bigint AS missing,
        min(ordered.supplier_id) AS supplier_id,
        array_agg(DISTINCT line.sscc) FILTER (WHERE line.sscc IS NOT NULL) AS packages,
        bool_or(EXISTS (
            SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
            WHERE waiting.item_code = item.code
        )) AS data_in_quarantine
    FROM lotwatch.delivery_line AS line
    INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
    LEFT JOIN lotwatch.purchase_order_line AS ordered
        ON line.order_line_key = ordered.source_key AND line.item_id = ordered.item_id
    WHERE line.delivery_id = delivery.delivery_id
    HAVING count(*) > 0
) AS content ON TRUE
LEFT JOIN lotwatch.supplier AS supplier ON content.supplier_id = supplier.supplier_id
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS events,
            max(told.occurred_at) AS last_at,
            count(*) FILTER (WHERE told.disposition IN ('damaged', 'destroyed', 'stolen')) AS damage
        FROM (
            SELECT
                event.occurred_at,
                event.disposition
            FROM lotwatch.tracking AS event
            WHERE event.delivery_key = delivery.source_key AND event.occurred_at <= (SELECT lotwatch.as_of())
            UNION ALL
            SELECT
                event.occurred_at,
                event.disposition
            FROM lotwatch.tracking AS event
            WHERE
                event.sscc = ANY(content.packages) AND event.delivery_key IS DISTINCT FROM delivery.source_key
                AND event.occurred_at >= delivery.shipped_at AND event.occurred_at <= (SELECT lotwatch.as_of())
        ) AS told
    ) AS tracked
CROSS JOIN
    LATERAL (
        SELECT count(*) AS excursions
        FROM lotwatch.excursion AS excursion
        WHERE
            (excursion.delivery_key = delivery.source_key OR excursion.sscc = ANY(content.packages))
            AND excursion.beyond_tolerance AND NOT excursion.withdrawn AND excursion.started_at <= (SELECT lotwatch.as_of())
    ) AS exposed
CROSS JOIN LATERAL (
    SELECT
        count(*) AS slips,
        coalesce(round(extract(EPOCH FROM sum(change.expected_at - change.expected_before)) / 3600, 1), 0) AS hours
    FROM lotwatch.eta_change AS change
    WHERE
        change.delivery_id = delivery.delivery_id AND change.expected_at > change.expected_before
        AND change.told_at <= (SELECT lotwatch.as_of())
) AS moved;

COMMENT ON VIEW lotwatch.fact_shipment IS 'One row for each delivery that has left and not arrived, or arrived within the last 30 days.';
COMMENT ON COLUMN lotwatch.fact_shipment.subject_key IS 'what an alert is about: source : key of the delivery there';
COMMENT ON COLUMN lotwatch.fact_shipment.site_id IS 'our number of the site it goes to; null: out of the house';
COMMENT ON COLUMN lotwatch.fact_shipment.supplier_id IS 'our number of the supplier whose order it fulfils; null: not told';
COMMENT ON COLUMN lotwatch.fact_shipment.delivery_number IS 'number of the delivery; null: not told';
COMMENT ON COLUMN lotwatch.fact_shipment.carrier IS 'who carries it; null: not told';
COMMENT ON COLUMN lotwatch.fact_shipment.tracking_number IS 'the carrier''s number; null: not told';
COMMENT ON COLUMN lotwatch.fact_shipment.supplier_code IS 'code of the supplier whose order it fulfils; null: not told';
COMMENT ON COLUMN lotwatch.fact_shipment.supplier_name IS 'name of the supplier whose order it fulfils; null: not told';
COMMENT ON COLUMN lotwatch.fact_shipment.from_site_code IS 'code of the site that sent it; null: from outside';
COMMENT ON COLUMN lotwatch.fact_shipment.to_location_code IS 'code of the place it goes to';
COMMENT ON COLUMN lotwatch.fact_shipment.site_code IS 'code of the site it goes to; null: out of the house';
COMMENT ON COLUMN lotwatch.fact_shipment.site_name IS 'name of the site it goes to; null: out of the house';
COMMENT ON COLUMN lotwatch.fact_shipment.region IS 'region of the site it goes to; null: not told';
COMMENT ON COLUMN lotwatch.fact_shipment.items IS 'different items in it (items)';
COMMENT ON COLUMN lotwatch.fact_shipment.item_code IS 'code of its item; null: it brings several';
COMMENT ON COLUMN lotwatch.fact_shipment.criticality IS 'of its most critical item: life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_shipment.state IS 'moving: it has left and not arrived; arrived: within the last 30 days';
COMMENT ON COLUMN lotwatch.fact_shipment.quantity IS 'sent, as the despatch advice says (base units)';
COMMENT ON COLUMN lotwatch.fact_shipment.received IS 'of it: received so far (base units)';
COMMENT ON COLUMN lotwatch.fact_shipment.short IS 'of it: not received though the delivery has arrived (base units); 0 while it is moving';
COMMENT ON COLUMN lotwatch.fact_shipment.shipped_at IS 'when it left';
COMMENT ON COLUMN lotwatch.fact_shipment.expected_at IS 'when it should arrive; null: not told';
COMMENT ON COLUMN lotwatch.fact_shipment.hours_late IS 'hours after it should have arrived, until it arrived; negative: not yet due, or it came early; null: not told when';
COMMENT ON COLUMN lotwatch.fact_shipment.days_under_way IS 'days since it left, until it arrived (days)';
COMMENT ON COLUMN lotwatch.fact_shipment.tracking_events IS 'tracking events told of it, its packages or its lines (events)';
COMMENT ON COLUMN lotwatch.fact_shipment.last_event_at IS 'when the last of them happened, or it left';
COMMENT ON COLUMN lotwatch.fact_shipment.days_silent IS 'days since then; 0 once it has arrived (days)';
COMMENT ON COLUMN lotwatch.fact_shipment.damage_events IS 'of the tracking events: damaged, destroyed or stolen (events)';
COMMENT ON COLUMN lotwatch.fact_shipment.excursions IS 'times outside of the temperature range for longer than is tolerated, of it or its packages (excursions)';
COMMENT ON COLUMN lotwatch.fact_shipment.eta_slips IS 'how often its expected arrival was put off (times)';
COMMENT ON COLUMN lotwatch.fact_shipment.eta_slipped_hours IS 'by how much in all (hours)';
COMMENT ON COLUMN lotwatch.fact_shipment.data_in_quarantine IS 'records of one of its items are in quarantine: its figures may be wrong';

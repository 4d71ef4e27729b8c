-- The policy of each item and site at the moment.
CREATE VIEW lotwatch.policy_in_force AS
SELECT DISTINCT ON (policy.item_id, policy.site_id)
    policy.item_id,
    policy.site_id,
    policy.average_daily_usage,
    policy.lead_time_days,
    policy.safety_stock,
    policy.reorder_point,
    policy.target_level,
    policy.max_level
FROM lotwatch.policy AS policy
WHERE policy.valid_from <= (SELECT lotwatch.as_of()) AND policy.recorded_at <= (SELECT lotwatch.known_at())
ORDER BY policy.item_id, policy.site_id, policy.valid_from DESC, policy.recorded_at DESC;

-- Order lines on which something is still to come now; what their suppliers decline, or we cancelled, does not.
CREATE VIEW lotwatch.order_line_open_live AS
SELECT
    line.*,
    -- by when all of it is promised: the supplier's own word counts over what was copied into the ERP
    CASE
        WHEN line.confirmed IS NULL THEN line.promised_on
        ELSE (SELECT max(part.day) FROM unnest(line.confirmed) AS part)
    END AS due_on,
    coalesce(receipt.quantity, 0) AS received,
    line.quantity - line.declined - line.withdrawn - coalesce(receipt.quantity, 0) AS outstanding
FROM lotwatch.purchase_order_line AS line
LEFT JOIN lotwatch.order_line_receipt AS receipt ON line.source_key = receipt.order_line_key
WHERE
    line.state IN ('draft', 'open')
    AND coalesce(receipt.quantity, 0) < line.quantity - line.declined - line.withdrawn;

-- Order lines on which something was still to come at a past moment. Today's state says nothing of then, except that a
-- cancelled order never came; what came by then is what came so far, less what happened, or was recorded, later.
CREATE VIEW lotwatch.order_line_open_past AS
SELECT
    line.*,
    CASE
        WHEN line.confirmed IS NULL THEN line.promised_on
        ELSE (SELECT max(part.day) FROM unnest(line.confirmed) AS part)
    END AS due_on,
    came.quantity AS received,
    line.quantity - line.declined - line.withdrawn - came.quantity AS outstanding
FROM lotwatch.purchase_order_line AS line
LEFT JOIN lotwatch.order_line_receipt AS receipt ON line.source_key = receipt.order_line_key
LEFT JOIN (
    SELECT
        movement.order_line_key,
        sum(movement.quantity)::bigint AS quantity
    FROM lotwatch.order_line_movement AS movement
    WHERE movement.occurred_at > (SELECT lotwatch.as_of()) OR movement.recorded_at > (SELECT lotwatch.known_at())
    GROUP BY movement.order_line_key
) AS later ON line.source_key = later.order_line_key
CROSS JOIN LATERAL (SELECT coalesce(receipt.quantity, 0) - coalesce(later.quantity, 0) AS quantity) AS came
WHERE
    line.state <> 'cancelled'
    -- closed, whatever came of it, since we learned of that
    AND (line.state <> 'done' OR line.recorded_at > (SELECT lotwatch.as_of()))
    AND line.ordered_on <= (SELECT (lotwatch.as_of() AT TIME ZONE 'UTC')::date)
    AND came.quantity < line.quantity - line.declined - line.withdrawn;

-- Order lines on which something was still to come at the moment.
CREATE VIEW lotwatch.order_line_open AS
SELECT * FROM lotwatch.order_line_open_live
WHERE lotwatch.is_live()
UNION ALL
SELECT * FROM lotwatch.order_line_open_past
WHERE NOT lotwatch.is_live();

-- Stock that was set aside at the moment, and could still be taken: what is held or expired is not there anyway.
CREATE VIEW lotwatch.allocation_in_force AS
SELECT
    allocation.source,
    allocation.demand_line_key,
    allocation.item_id,
    place.site_id,
    coalesce(serial_unit.lot_id, allocation.lot_id) AS lot_id,
    allocation.serial_id,
    allocation.quantity
FROM lotwatch.allocation AS allocation
INNER JOIN lotwatch.location AS place ON allocation.location_id = place.location_id
INNER JOIN lotwatch.site_today AS site ON place.site_id = site.site_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON allocation.serial_id = serial_unit.serial_id
LEFT JOIN lotwatch.lot AS lot ON coalesce(serial_unit.lot_id, allocation.lot_id) = lot.lot_id
WHERE
    allocation.allocated_at <= (SELECT lotwatch.as_of())
    AND (allocation.closed_at IS NULL OR allocation.closed_at > (SELECT lotwatch.as_of()))
    AND coalesce(lotwatch.last_day(serial_unit, lot) >= site.today, TRUE)
    -- by the hold, not by what it covers: a place may be set aside in, or an item, of which no position is named
    AND NOT EXISTS (
        SELECT 1
        FROM lotwatch.hold_in_force AS hold
        LEFT JOIN lotwatch.held_place AS covered ON hold.location_id = covered.held_id
        WHERE
            (hold.item_id IS NULL OR hold.item_id = allocation.item_id)
            AND (hold.lot_id IS NULL OR hold.lot_id = coalesce(serial_unit.lot_id, allocation.lot_id))
            AND (hold.serial_id IS NULL OR hold.serial_id = allocation.serial_id)
            AND (hold.location_id IS NULL OR covered.location_id = allocation.location_id)
    );

-- What was on its way to a site at the moment.
CREATE VIEW lotwatch.delivery_line_moving AS
SELECT
    line.source,
    line.source_key,
    line.order_line_key,
    line.item_id,
    line.lot_id,
    line.serial_id,
    line.sscc,
    line.quantity - line.received_quantity AS quantity,
    delivery.delivery_id,
    delivery.number,
    delivery.from_site_id,
    delivery.to_site_id,
    delivery.to_location_id,
    delivery.carrier,
    delivery.tracking_number,
    delivery.shipped_at,
    delivery.expected_at
FROM lotwatch.delivery_line AS line
INNER JOIN lotwatch.delivery AS delivery ON line.delivery_id = delivery.delivery_id
WHERE
    delivery.shipped_at <= (SELECT lotwatch.as_of())
    AND coalesce(least(delivery.delivered_at, delivery.cancelled_at), 'infinity') > (SELECT lotwatch.as_of())
    AND line.received_quantity < line.quantity;

-- What suppliers had sent of order lines at the moment: `counted` is in transit, and on order no more. It is never more
-- than what is still to come of its line, however often a delivery is told (by the warehouse, by the carrier), or if a
-- receipt is told before its delivery says that it has arrived: what comes first counts.
CREATE VIEW lotwatch.order_line_sent AS
SELECT
    part.order_line_source,
    part.order_line_key,
    part.delivery_line_source,
    part.delivery_line_key,
    part.item_id,
    part.site_id,
    part.expected_at,
    least(part.quantity, greatest(part.outstanding - part.before, 0)) AS counted
FROM (
    SELECT
        ordered.source AS order_line_source,
        ordered.source_key AS order_line_key,
        line.source AS delivery_line_source,
        line.source_key AS delivery_line_key,
        line.item_id,
        line.to_site_id AS site_id,
        line.expected_at,
        line.quantity,
        ordered.outstanding,
        coalesce(sum(line.quantity) OVER (
            PARTITION BY ordered.source, ordered.source_key
            ORDER BY line.expected_at, line.source, line.source_key
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0)::bigint AS before
    FROM lotwatch.delivery_line_moving AS line
    INNER JOIN lotwatch.order_line_open AS ordered
        ON line.order_line_key = ordered.source_key AND line.item_id = ordered.item_id
    WHERE line.from_site_id IS NULL AND line.to_site_id IS NOT NULL
) AS part
WHERE part.outstanding > part.before;

-- What was asked for and not yet sent at the moment; `backordered` is what should have been by then, and is not set aside.
CREATE VIEW lotwatch.demand_line_open AS
SELECT
    line.source,
    line.source_key,
    line.demand_order_id,
    line.item_id,
    line.site_id,
    line.quantity,
    line.need_by,
    line.minimum_remaining_life_days,
    served.sent,
    served.set_aside,
    greatest(line.quantity - served.sent, 0) AS outstanding,
    CASE
        WHEN line.need_by > site.today THEN 0
        ELSE greatest(line.quantity - served.sent - served.set_aside, 0)
    END AS backordered,
    site.today
FROM lotwatch.demand_order_line AS line
INNER JOIN lotwatch.demand_order AS demand ON line.demand_order_id = demand.demand_order_id
INNER JOIN lotwatch.site_today AS site ON line.site_id = site.site_id
CROSS JOIN
    LATERAL (
        SELECT
            coalesce((
                SELECT sum(sent.quantity)
                FROM lotwatch.delivery_line AS sent
                INNER JOIN lotwatch.delivery AS delivery ON sent.delivery_id = delivery.delivery_id
                WHERE
                    sent.source = line.source AND sent.demand_line_key = line.source_key
                    AND delivery.shipped_at <= (SELECT lotwatch.as_of()) AND delivery.state <> 'cancelled'
            ), 0)::bigint AS sent,
            coalesce((
                SELECT sum(allocation.quantity)
                FROM lotwatch.allocation AS allocation
                WHERE
                    allocation.source = line.source AND allocation.demand_line_key = line.source_key
                    AND allocation.allocated_at <= (SELECT lotwatch.as_of())
                    AND (allocation.closed_at IS NULL OR allocation.closed_at > (SELECT lotwatch.as_of()))
            ), 0)::bigint AS set_aside
    ) AS served
WHERE
    line.state <> 'draft' AND demand.ordered_at <= (SELECT lotwatch.as_of())
    AND (line.closed_at IS NULL OR line.closed_at > (SELECT lotwatch.as_of()))
    AND served.sent < line.quantity;

-- Which share of all inspections is passed?
CREATE VIEW lotwatch.company_pass_rate AS
SELECT
    coalesce(
        count(*) FILTER (WHERE inspection.state = 'passed')::numeric / nullif(count(*), 0), 1
    ) AS rate
FROM lotwatch.inspection AS inspection
WHERE inspection.state IN ('passed', 'failed') AND inspection.closed_at <= (SELECT lotwatch.as_of());

-- Which share of an item's inspections is passed? Few of its own say little: five of the whole company's are added.
CREATE VIEW lotwatch.inspection_pass_rate AS
SELECT
    inspection.item_id,
    (
        count(*) FILTER (WHERE inspection.state = 'passed')
        + 5 * (SELECT company.rate FROM lotwatch.company_pass_rate AS company)
    ) / (count(*) + 5) AS rate
FROM lotwatch.inspection AS inspection
WHERE inspection.state IN ('passed', 'failed') AND inspection.closed_at <= (SELECT lotwatch.as_of())
GROUP BY inspection.item_id;

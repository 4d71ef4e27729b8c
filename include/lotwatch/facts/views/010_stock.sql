-- What was where at the moment: the kept positions when it is now, else the sum of what had happened by then.
CREATE VIEW lotwatch.stock AS
SELECT
    item_id,
    location_id,
    lot_id,
    serial_id,
    owner,
    status,
    quantity
FROM lotwatch.position
WHERE lotwatch.is_live() AND quantity <> 0
UNION ALL
SELECT
    side.item_id,
    side.location_id,
    side.lot_id,
    side.serial_id,
    side.owner,
    side.status,
    sum(side.quantity)::bigint AS quantity
FROM (
    SELECT
        movement.item_id,
        movement.to_location_id AS location_id,
        movement.lot_id,
        movement.serial_id,
        movement.to_owner AS owner,
        movement.to_status AS status,
        movement.quantity
    FROM lotwatch.movement AS movement
    INNER JOIN lotwatch.location AS place ON movement.to_location_id = place.location_id
    WHERE
        NOT lotwatch.is_live() AND movement.occurred_at <= (SELECT lotwatch.as_of())
        AND place.kind IN ('site', 'department', 'bin')
    UNION ALL
    SELECT
        movement.item_id,
        movement.from_location_id,
        movement.lot_id,
        movement.serial_id,
        movement.from_owner,
        movement.from_status,
        -movement.quantity
    FROM lotwatch.movement AS movement
    INNER JOIN lotwatch.location AS place ON movement.from_location_id = place.location_id
    WHERE
        NOT lotwatch.is_live() AND movement.occurred_at <= (SELECT lotwatch.as_of())
        AND place.kind IN ('site', 'department', 'bin')
) AS side
GROUP BY side.item_id, side.location_id, side.lot_id, side.serial_id, side.owner, side.status
HAVING sum(side.quantity) <> 0;

-- What is held at the moment: a lot, or (lot_id null) all there is of an item.
CREATE VIEW lotwatch.hold_in_force AS
SELECT DISTINCT
    hold.item_id,
    hold.lot_id
FROM lotwatch.hold AS hold
WHERE
    hold.placed_at <= (SELECT lotwatch.as_of())
    AND (hold.released_at IS NULL OR hold.released_at > (SELECT lotwatch.as_of()));

-- Which day is it at each site? Worked out once for each: to look a time zone up for every lot takes longer than the rest.
CREATE VIEW lotwatch.site_today AS
WITH site AS MATERIALIZED (
    SELECT
        location_id AS site_id,
        (lotwatch.as_of() AT TIME ZONE time_zone)::date AS today
    FROM lotwatch.location
    WHERE kind = 'site'
)

SELECT
    site_id,
    today
FROM site;

-- Stock on sites, with what decides whether it may be used. Expired is derived, never stored: the last day of use
-- is inclusive, in the site's zone.
CREATE VIEW lotwatch.stock_state AS
SELECT
    stock.item_id,
    place.site_id,
    stock.location_id,
    stock.lot_id,
    stock.serial_id,
    stock.owner,
    stock.status,
    stock.quantity,
    coalesce(serial_unit.usable_through, lot.usable_through) AS usable_through,
    coalesce(serial_unit.manufactured_on, lot.manufactured_on) AS manufactured_on,
    coalesce(coalesce(serial_unit.usable_through, lot.usable_through) < site.today, FALSE) AS expired,
    held_lot.item_id IS NOT NULL OR held_item.item_id IS NOT NULL AS held,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    site.today
FROM lotwatch.stock AS stock
INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
INNER JOIN lotwatch.site_today AS site ON place.site_id = site.site_id
LEFT JOIN lotwatch.lot AS lot ON stock.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON stock.serial_id = serial_unit.serial_id
LEFT JOIN lotwatch.hold_in_force AS held_lot ON stock.item_id = held_lot.item_id AND stock.lot_id = held_lot.lot_id
LEFT JOIN lotwatch.hold_in_force AS held_item ON stock.item_id = held_item.item_id AND held_item.lot_id IS NULL
WHERE place.kind IN ('site', 'department', 'bin');

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
WHERE policy.valid_from <= (SELECT lotwatch.as_of())
ORDER BY policy.item_id, policy.site_id, policy.valid_from DESC, policy.recorded_at DESC;

-- Order lines on which something was still to come at the moment.
CREATE VIEW lotwatch.order_line_open AS
SELECT
    line.*,
    received.quantity AS received,
    line.quantity - received.quantity AS outstanding
FROM lotwatch.purchase_order_line AS line
CROSS JOIN
    LATERAL (
        SELECT coalesce(sum(movement.quantity), 0)::bigint AS quantity
        FROM lotwatch.movement AS movement
        WHERE movement.order_line_key = line.source_key AND movement.occurred_at <= (SELECT lotwatch.as_of())
    ) AS received
WHERE
    received.quantity < line.quantity
    AND CASE
        WHEN lotwatch.is_live() THEN line.state IN ('draft', 'open')
        -- today's state says nothing of then, except that a cancelled order never came
        ELSE line.state <> 'cancelled' AND line.ordered_on <= (lotwatch.as_of() AT TIME ZONE 'UTC')::date
    END;

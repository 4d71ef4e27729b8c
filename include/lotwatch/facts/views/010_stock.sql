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
        item_id,
        to_location_id AS location_id,
        lot_id,
        serial_id,
        to_owner AS owner,
        to_status AS status,
        quantity
    FROM lotwatch.movement
    WHERE NOT lotwatch.is_live() AND occurred_at <= lotwatch.as_of()
    UNION ALL
    SELECT
        item_id,
        from_location_id,
        lot_id,
        serial_id,
        from_owner,
        from_status,
        -quantity
    FROM lotwatch.movement
    WHERE NOT lotwatch.is_live() AND occurred_at <= lotwatch.as_of()
) AS side
GROUP BY side.item_id, side.location_id, side.lot_id, side.serial_id, side.owner, side.status
HAVING sum(side.quantity) <> 0;

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
    coalesce(
        coalesce(serial_unit.usable_through, lot.usable_through)
        < (lotwatch.as_of() AT TIME ZONE site.time_zone)::date, false
    ) AS expired,
    EXISTS(
        SELECT 1 FROM lotwatch.hold AS hold
        WHERE
            hold.item_id = stock.item_id AND (hold.lot_id IS null OR hold.lot_id = stock.lot_id)
            AND hold.placed_at <= lotwatch.as_of()
            AND (hold.released_at IS null OR hold.released_at > lotwatch.as_of())
    ) AS held
FROM lotwatch.stock AS stock
INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
INNER JOIN lotwatch.location AS site ON place.site_id = site.location_id
LEFT JOIN lotwatch.lot AS lot ON stock.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON stock.serial_id = serial_unit.serial_id
WHERE place.kind IN ('site', 'department', 'bin');

-- The policy of each item and site at the moment.
CREATE VIEW lotwatch.policy_in_force AS
SELECT DISTINCT ON (policy.item_id, policy.site_id) policy.*
FROM lotwatch.policy AS policy
WHERE policy.valid_from <= lotwatch.as_of()
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
        WHERE movement.order_line_key = line.source_key AND movement.occurred_at <= lotwatch.as_of()
    ) AS received
WHERE
    received.quantity < line.quantity
    AND CASE
        WHEN lotwatch.is_live() THEN line.state IN ('draft', 'open')
        -- today's state says nothing of then, except that a cancelled order never came
        ELSE line.state <> 'cancelled' AND line.ordered_on <= (lotwatch.as_of() AT TIME ZONE 'UTC')::date
    END;

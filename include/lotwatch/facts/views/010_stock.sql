-- What is where now: the kept positions.
CREATE VIEW lotwatch.stock_live AS
SELECT
    item_id,
    location_id,
    lot_id,
    serial_id,
    owner,
    status,
    quantity
FROM lotwatch.position
WHERE quantity <> 0;

-- What was where at a past moment: the last snapshot before it, what happened since, and what happened before the
-- snapshot but was recorded after it was taken. The moment is asked for once for each scan, not for each of millions of
-- rows: hence the selects around it.
CREATE VIEW lotwatch.stock_past AS
SELECT
    part.item_id,
    part.location_id,
    part.lot_id,
    part.serial_id,
    part.owner,
    part.status,
    sum(part.quantity)::bigint AS quantity
FROM (
    SELECT
        base.item_id,
        base.location_id,
        base.lot_id,
        base.serial_id,
        base.owner,
        base.status,
        base.quantity
    FROM lotwatch.snapshot_position AS base
    WHERE NOT lotwatch.is_live() AND base.snapshot_id = (SELECT lotwatch.base_snapshot_id())
    UNION ALL
    SELECT
        side.item_id,
        side.location_id,
        side.lot_id,
        side.serial_id,
        side.owner,
        side.status,
        side.quantity
    FROM lotwatch.movement_side AS side
    WHERE
        NOT lotwatch.is_live()
        AND side.occurred_at > (SELECT lotwatch.base_as_of()) AND side.occurred_at <= (SELECT lotwatch.as_of())
        AND side.recorded_at <= (SELECT lotwatch.known_at())
    UNION ALL
    SELECT
        late.item_id,
        late.location_id,
        late.lot_id,
        late.serial_id,
        late.owner,
        late.status,
        late.quantity
    FROM lotwatch.movement_side AS late
    WHERE
        NOT lotwatch.is_live() AND lotwatch.base_snapshot_id() <> 0
        AND late.recorded_xid >= (SELECT lotwatch.base_watermark())
        AND late.occurred_at <= (SELECT lotwatch.base_as_of()) AND late.recorded_at <= (SELECT lotwatch.known_at())
) AS part
GROUP BY part.item_id, part.location_id, part.lot_id, part.serial_id, part.owner, part.status
HAVING sum(part.quantity) <> 0;

-- What was where at the moment.
CREATE VIEW lotwatch.stock AS
SELECT * FROM lotwatch.stock_live
WHERE lotwatch.is_live()
UNION ALL
SELECT * FROM lotwatch.stock_past
WHERE NOT lotwatch.is_live();

-- Holds in force now: whenever they were placed, for what lies there lies there now.
CREATE VIEW lotwatch.hold_in_force_live AS
SELECT
    hold_id,
    item_id,
    lot_id,
    serial_id,
    location_id
FROM lotwatch.hold
WHERE released_at IS NULL;

-- Holds in force at a past moment.
CREATE VIEW lotwatch.hold_in_force_past AS
SELECT
    hold_id,
    item_id,
    lot_id,
    serial_id,
    location_id
FROM lotwatch.hold
WHERE
    placed_at <= (SELECT lotwatch.as_of()) AND recorded_at <= (SELECT lotwatch.known_at())
    AND (released_at IS NULL OR released_at > (SELECT lotwatch.as_of()));

-- Holds in force at the moment.
CREATE VIEW lotwatch.hold_in_force AS
SELECT * FROM lotwatch.hold_in_force_live
WHERE lotwatch.is_live()
UNION ALL
SELECT * FROM lotwatch.hold_in_force_past
WHERE NOT lotwatch.is_live();

-- The places that a hold on a place covers: everything under it.
CREATE VIEW lotwatch.held_place AS
WITH RECURSIVE covered AS (
    SELECT
        hold.location_id AS held_id,
        hold.location_id
    FROM lotwatch.hold_in_force AS hold
    WHERE hold.location_id IS NOT NULL
    UNION
    SELECT
        covered.held_id,
        place.location_id
    FROM covered
    INNER JOIN lotwatch.location AS place ON covered.location_id = place.parent_id
)

SELECT
    covered.held_id,
    covered.location_id
FROM covered;

-- What the holds cover: of every place, lot and serial number that ever had stock, those that any hold names. The units
-- of a lot are in it, whenever their lot was told.
CREATE VIEW lotwatch.held_position AS
SELECT
    known.item_id,
    known.location_id,
    known.lot_id,
    known.serial_id
FROM lotwatch.hold_in_force AS hold
INNER JOIN lotwatch.position AS known ON hold.item_id = known.item_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON known.serial_id = serial_unit.serial_id
WHERE
    hold.location_id IS NULL
    AND (hold.lot_id IS NULL OR hold.lot_id = coalesce(serial_unit.lot_id, known.lot_id))
    AND (hold.serial_id IS NULL OR hold.serial_id = known.serial_id)
UNION
SELECT
    known.item_id,
    known.location_id,
    known.lot_id,
    known.serial_id
FROM lotwatch.hold_in_force AS hold
INNER JOIN lotwatch.held_place AS covered ON hold.location_id = covered.held_id
INNER JOIN lotwatch.position AS known ON covered.location_id = known.location_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON known.serial_id = serial_unit.serial_id
WHERE
    (hold.item_id IS NULL OR hold.item_id = known.item_id)
    AND (hold.lot_id IS NULL OR hold.lot_id = coalesce(serial_unit.lot_id, known.lot_id))
    AND (hold.serial_id IS NULL OR hold.serial_id = known.serial_id);

-- Serial numbers that are in two places, or left one where they were not: until that is explained, nobody knows where
-- they are.
CREATE VIEW lotwatch.serial_conflict AS
SELECT
    stock.item_id,
    stock.serial_id
FROM lotwatch.stock AS stock
WHERE stock.serial_id <> 0
GROUP BY stock.item_id, stock.serial_id
HAVING count(*) > 1 OR min(stock.quantity) < 0 OR max(stock.quantity) > 1;

-- Which day is it at each site? Worked out once for each, hence the grouping: to look a time zone up for every lot takes
-- longer than the rest. (A materialized CTE does that, too, and forbids several processes.)
CREATE VIEW lotwatch.site_today AS
SELECT
    location_id AS site_id,
    min((lotwatch.as_of() AT TIME ZONE time_zone)::date) AS today
FROM lotwatch.location
WHERE kind = 'site'
GROUP BY location_id;

-- When should a lot that is in inspection be released?
CREATE VIEW lotwatch.lot_release AS
SELECT
    inspection.item_id,
    inspection.lot_id,
    max(inspection.due_on) AS due_on
FROM lotwatch.inspection AS inspection
WHERE
    inspection.lot_id IS NOT NULL AND inspection.opened_at <= (SELECT lotwatch.as_of())
    AND (inspection.closed_at IS NULL OR inspection.closed_at > (SELECT lotwatch.as_of()))
GROUP BY inspection.item_id, inspection.lot_id;

-- Stock on sites, with what decides whether it may be used. Expired is derived, never stored: the last day of use
-- is inclusive, in the site's zone, and the sterile barrier's where that ends first.
CREATE VIEW lotwatch.stock_state AS
SELECT
    stock.item_id,
    place.site_id,
    stock.location_id,
    coalesce(serial_unit.lot_id, stock.lot_id) AS lot_id,
    stock.serial_id,
    stock.owner,
    stock.status,
    stock.quantity,
    lotwatch.last_day(serial_unit, lot) AS usable_through,
    coalesce(serial_unit.manufactured_on, lot.manufactured_on) AS manufactured_on,
    label.ends_on,
    coalesce(label.ends_on < site.today, FALSE) AS expired,
    held.item_id IS NOT NULL AS held,
    conflict.serial_id IS NOT NULL AS in_conflict,
    held.item_id IS NULL AND conflict.serial_id IS NULL AND coalesce(label.ends_on >= site.today, TRUE) AS sound,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    lot_release.due_on AS release_on,
    site.today
FROM lotwatch.stock AS stock
INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
INNER JOIN lotwatch.site_today AS site ON place.site_id = site.site_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON stock.serial_id = serial_unit.serial_id
LEFT JOIN lotwatch.lot AS lot ON coalesce(serial_unit.lot_id, stock.lot_id) = lot.lot_id
-- once more, those that matter now: whoever asks for no more does not join millions that do not
LEFT JOIN lotwatch.lot AS ending
    ON
        coalesce(serial_unit.lot_id, stock.lot_id) = ending.lot_id
        AND ending.last_day <= (SELECT (lotwatch.as_of() AT TIME ZONE 'UTC')::date + 91)
LEFT JOIN lotwatch.held_position AS held
    ON
        stock.item_id = held.item_id AND stock.location_id = held.location_id
        AND stock.lot_id = held.lot_id AND stock.serial_id = held.serial_id
LEFT JOIN lotwatch.serial_conflict AS conflict
    ON stock.item_id = conflict.item_id AND stock.serial_id = conflict.serial_id
LEFT JOIN lotwatch.lot_release AS lot_release
    ON
        stock.item_id = lot_release.item_id AND coalesce(serial_unit.lot_id, stock.lot_id) = lot_release.lot_id
        AND stock.status = 'inspection'
CROSS JOIN LATERAL (SELECT lotwatch.last_day(serial_unit, ending) AS ends_on) AS label;
COMMENT ON COLUMN lotwatch.stock_state.ends_on IS 'usable_through, if that is at most 90 days ahead; else that, or null';
COMMENT ON COLUMN lotwatch.stock_state.sound IS 'neither held nor expired, and known to be where it is said to be';

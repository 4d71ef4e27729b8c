-- How far ahead does an item's expiry matter? Half a year; a year where a supplier takes it back for some time after
-- receipt, or customers ask for remaining life: there, what helps may be over long before the last day.
CREATE VIEW lotwatch.item_with_early_deadline AS
SELECT agreement.item_id
FROM lotwatch.supplier_agreement AS agreement
WHERE agreement.return_window_days IS NOT NULL
UNION
SELECT line.item_id
FROM lotwatch.demand_order_line AS line
WHERE line.minimum_remaining_life_days IS NOT NULL;

-- What of the stock that ends within that time will not be used before. The lots of an item at a site are used in the order
-- in which they end: by the last day of each, what has ended so far less the mean usage until then is wasted, of this lot
-- what no earlier one has wasted already. What is held, blocked or expired is used by nobody: all of it is at risk.
-- Lots that end later do not change that, and are not looked at. Usage has six decimals: in millionths it is whole.
CREATE VIEW lotwatch.lot_at_risk AS
WITH horizon AS (
    SELECT
        (lotwatch.as_of() AT TIME ZONE 'UTC')::date + 181 AS near,
        (lotwatch.as_of() AT TIME ZONE 'UTC')::date + 366 AS far
),

ending AS (
    SELECT
        stock.item_id,
        stock.location_id,
        stock.lot_id AS position_lot_id,
        stock.lot_id,
        stock.serial_id,
        lot.number AS lot_number,
        NULL AS serial_number,
        stock.owner,
        stock.status,
        stock.quantity,
        lot.last_day,
        NULL::bigint AS conflict_id
    FROM lotwatch.stock AS stock
    INNER JOIN lotwatch.lot AS lot ON stock.lot_id = lot.lot_id
    LEFT JOIN lotwatch.item_with_early_deadline AS early ON stock.item_id = early.item_id
    WHERE
        stock.serial_id = 0 AND lot.last_day <= (SELECT horizon.far FROM horizon)
        AND (early.item_id IS NOT NULL OR lot.last_day <= (SELECT horizon.near FROM horizon))
    UNION ALL
    SELECT
        stock.item_id,
        stock.location_id,
        stock.lot_id,
        coalesce(serial_unit.lot_id, stock.lot_id),
        stock.serial_id,
        lot.number AS lot_number,
        serial_unit.number AS serial_number,
        stock.owner,
        stock.status,
        stock.quantity,
        label.last_day,
        conflict.serial_id AS conflict_id
    FROM lotwatch.stock AS stock
    INNER JOIN lotwatch.serial_unit AS serial_unit ON stock.serial_id = serial_unit.serial_id
    LEFT JOIN lotwatch.lot AS lot ON serial_unit.lot_id = lot.lot_id
    LEFT JOIN lotwatch.serial_conflict AS conflict ON stock.serial_id = conflict.serial_id
    LEFT JOIN lotwatch.item_with_early_deadline AS early ON stock.item_id = early.item_id
    CROSS JOIN LATERAL (SELECT lotwatch.last_day(serial_unit, lot) AS last_day) AS label
    WHERE
        stock.serial_id <> 0 AND label.last_day <= (SELECT horizon.far FROM horizon)
        AND (early.item_id IS NOT NULL OR label.last_day <= (SELECT horizon.near FROM horizon))
),

at_site AS (
    SELECT
        ending.item_id,
        place.site_id,
        ending.lot_id,
        ending.serial_id,
        min(ending.lot_number) AS lot_number,
        min(ending.serial_number) AS serial_number,
        min(ending.last_day) AS usable_through,
        min(site.today) AS today,
        bool_or(held.item_id IS NOT NULL) AS held,
        bool_or(ending.owner = 'consigned') AS consigned,
        bool_and(ending.owner <> 'own') AS others,
        bool_and(ending.status = 'blocked') AS blocked,
        sum(ending.quantity)::bigint AS physical,
        greatest(0, sum(ending.quantity) FILTER (
            WHERE
            held.item_id IS NULL AND ending.conflict_id IS NULL AND ending.status <> 'blocked' AND ending.last_day >= site.today
        ))::bigint AS usable
    FROM ending
    INNER JOIN lotwatch.location AS place ON ending.location_id = place.location_id
    INNER JOIN lotwatch.site_today AS site ON place.site_id = site.site_id
    LEFT JOIN lotwatch.held_position AS held
        ON
            ending.item_id = held.item_id AND ending.location_id = held.location_id
            AND ending.position_lot_id = held.lot_id AND ending.serial_id = held.serial_id
    GROUP BY ending.item_id, place.site_id, ending.lot_id, ending.serial_id
),

-- by the last day of each lot: what ended so far, less what is used until then
raced AS (
    SELECT
        at_site.*,
        policy.average_daily_usage,
        greatest(
            0,
            (sum(at_site.usable) OVER (
                PARTITION BY at_site.item_id, at_site.site_id
                ORDER BY at_site.usable_through, at_site.lot_id, at_site.serial_id
            ))::bigint * 1000000
            - coalesce((policy.average_daily_usage * 1000000)::bigint, 0)
            * greatest(0, at_site.usable_through - at_site.today + 1)
        ) / 1000000 AS unused
    FROM at_site
    LEFT JOIN lotwatch.policy_in_force AS policy
        ON at_site.item_id = policy.item_id AND at_site.site_id = policy.site_id
),

wasted AS (
    SELECT
        raced.*,
        max(raced.unused) OVER (
            PARTITION BY raced.item_id, raced.site_id ORDER BY raced.usable_through, raced.lot_id, raced.serial_id
        ) AS by_then
    FROM raced
)

SELECT
    wasted.item_id,
    wasted.site_id,
    wasted.lot_id,
    wasted.serial_id,
    wasted.lot_number,
    wasted.serial_number,
    wasted.usable_through,
    wasted.today,
    wasted.usable_through - wasted.today AS days_to_expiry,
    wasted.held,
    wasted.consigned,
    wasted.others,
    wasted.blocked,
    wasted.physical,
    wasted.usable,
    wasted.average_daily_usage,
    greatest(
        0,
        wasted.physical - wasted.usable + wasted.by_then - lag(wasted.by_then, 1, 0) OVER (
            PARTITION BY wasted.item_id, wasted.site_id ORDER BY wasted.usable_through, wasted.lot_id, wasted.serial_id
        )
    )::bigint AS quantity_at_risk
FROM wasted;

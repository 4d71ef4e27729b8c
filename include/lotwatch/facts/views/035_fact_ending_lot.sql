-- Where each item is used, and how much: wherever else that is.
CREATE VIEW lotwatch.usage_of_item AS
SELECT
    policy.item_id,
    policy.site_id AS used_at_id,
    policy.average_daily_usage
FROM lotwatch.policy_in_force AS policy;

-- Until when something helps: a supplier takes back what came not long ago, another site still uses it in time, a customer
-- still takes it. Looked up only for what is at risk and of which the last day has not passed.
CREATE VIEW lotwatch.fact_ending_lot AS
SELECT
    item.code || '/' || coalesce(lot.serial_number, lot.lot_number, '-') || '@' || site.code AS subject_key,
    lot.item_id,
    lot.site_id,
    lot.lot_id,
    lot.serial_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    lot.lot_number,
    lot.serial_number,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    site.jurisdiction,
    lot.held,
    lot.blocked,
    lot.consigned,
    lot.usable_through,
    lot.days_to_expiry,
    lot.days_to_expiry < 0 AS expired,
    lot.physical,
    lot.usable,
    lot.average_daily_usage,
    lot.quantity_at_risk,
    CASE WHEN NOT lot.others THEN lot.quantity_at_risk * item.unit_cost ELSE 0 END AS value_at_risk,
    back.return_by,
    elsewhere.transfer_by,
    elsewhere.transfer_to,
    lot.usable_through - asked.days AS hand_over_by,
    deadline.day AS deadline_on,
    deadline.day - lot.today AS days_to_deadline,
    deadline.name AS deadline,
    CASE
        WHEN lot.days_to_expiry < 0 THEN CASE WHEN lot.others THEN 'return_to_supplier' ELSE 'scrap' END
        WHEN deadline.name = 'return' OR (lot.others AND lot.quantity_at_risk > 0) THEN 'return_to_supplier'
        WHEN deadline.name = 'transfer' THEN 'redistribute'
        ELSE 'use_first'
    END AS disposition,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM lotwatch.lot_at_risk AS lot
INNER JOIN lotwatch.item AS item ON lot.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON lot.site_id = site.location_id
LEFT JOIN (
    SELECT
        agreement.item_id,
        max(agreement.return_window_days) AS days
    FROM lotwatch.supplier_agreement AS agreement
    WHERE agreement.return_window_days IS NOT NULL
    GROUP BY agreement.item_id
) AS returnable ON lot.item_id = returnable.item_id
-- the supplier of the order that it came for, or of any agreement where that is not told; the first receipt counts
LEFT JOIN
    LATERAL (
        SELECT min((receipt.occurred_at AT TIME ZONE site.time_zone)::date + agreement.return_window_days) AS return_by
        FROM (
            SELECT
                movement.occurred_at,
                movement.from_location_id,
                movement.order_line_key
            FROM lotwatch.movement AS movement
            WHERE movement.lot_id = lot.lot_id AND lot.serial_id = 0 AND movement.item_id = lot.item_id
            UNION ALL
            SELECT
                movement.occurred_at,
                movement.from_location_id,
                movement.order_line_key
            FROM lotwatch.movement AS movement
            WHERE movement.serial_id = lot.serial_id AND lot.serial_id <> 0
        ) AS receipt
        INNER JOIN lotwatch.location AS origin ON receipt.from_location_id = origin.location_id AND origin.kind = 'supplier'
        LEFT JOIN lotwatch.purchase_order_line AS line ON receipt.order_line_key = line.source_key
        INNER JOIN lotwatch.supplier_agreement AS agreement
            ON
                agreement.item_id = lot.item_id AND agreement.return_window_days IS NOT NULL
                AND agreement.supplier_id = coalesce(line.supplier_id, agreement.supplier_id)
        WHERE
            receipt.occurred_at <= (SELECT lotwatch.as_of())
            AND returnable.item_id IS NOT NULL AND lot.quantity_at_risk > 0 AND lot.days_to_expiry >= 0
    ) AS back
    ON TRUE
-- the site that may be sent to last: there, it takes the way and then the days of its usage
LEFT JOIN
    LATERAL (
        SELECT
            lot.usable_through - ceil(coalesce(lane.transit_days_p95, lane.transit_days_p50, 1))::integer
            - least(ceil(lot.quantity_at_risk / used.average_daily_usage), 36500)::integer AS transfer_by,
            destination.code AS transfer_to
        FROM lotwatch.lane AS lane
        CROSS JOIN
            LATERAL (
                SELECT there.average_daily_usage
                FROM lotwatch.usage_of_item AS there
                WHERE there.item_id = lot.item_id AND there.used_at_id = lane.to_site_id
                -- there is one: it keeps the lookup behind the lane, of which there may be none
                ORDER BY there.average_daily_usage
                LIMIT 1
            ) AS used
        INNER JOIN lotwatch.location AS destination ON lane.to_site_id = destination.location_id
        WHERE
            lane.from_site_id = lot.site_id AND lane.permitted AND used.average_daily_usage > 0
            AND lot.usable > 0 AND lot.quantity_at_risk > 0 AND NOT lot.others AND lot.days_to_expiry <= 180
        ORDER BY transfer_by DESC, transfer_to
        LIMIT 1
    ) AS elsewhere
    ON TRUE
-- what its customers ask for of a lot's remaining life
LEFT JOIN (
    SELECT
        line.item_id,
        line.site_id,
        max(line.minimum_remaining_life_days) AS days
    FROM lotwatch.demand_order_line AS line
    WHERE line.minimum_remaining_life_days IS NOT NULL AND line.state IN ('open', 'done')
    GROUP BY line.item_id, line.site_id
) AS asked ON lot.item_id = asked.item_id AND lot.site_id = asked.site_id AND lot.quantity_at_risk > 0
-- the earliest that is still ahead
CROSS JOIN
    LATERAL (
        SELECT
            least(
                CASE WHEN back.return_by >= lot.today THEN back.return_by END,
                CASE WHEN elsewhere.transfer_by >= lot.today THEN elsewhere.transfer_by END,
                CASE WHEN lot.usable_through - asked.days >= lot.today THEN lot.usable_through - asked.days END,
                CASE WHEN lot.usable_through >= lot.today THEN lot.usable_through END
            ) AS day
    ) AS earliest
CROSS JOIN
    LATERAL (
        SELECT
            earliest.day,
            CASE earliest.day
                WHEN back.return_by THEN 'return'
                WHEN elsewhere.transfer_by THEN 'transfer'
                WHEN lot.usable_through - asked.days THEN 'hand_over'
                WHEN lot.usable_through THEN 'last_day'
            END AS name
    ) AS deadline
WHERE lot.physical > 0;

COMMENT ON VIEW lotwatch.fact_ending_lot IS 'One row for each lot or serial unit at each site where it lies, if it has ended or ends within half a year, or within a year where suppliers take it back or customers ask for remaining life.';
COMMENT ON COLUMN lotwatch.fact_ending_lot.subject_key IS 'what an alert is about: item code / lot or serial number @ site code';
COMMENT ON COLUMN lotwatch.fact_ending_lot.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_ending_lot.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_ending_lot.lot_id IS 'our number of the lot; 0: none';
COMMENT ON COLUMN lotwatch.fact_ending_lot.serial_id IS 'our number of the serial unit; 0: none';
COMMENT ON COLUMN lotwatch.fact_ending_lot.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_ending_lot.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_ending_lot.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_ending_lot.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_ending_lot.lot_number IS 'number of the lot, as on the label; null: has none';
COMMENT ON COLUMN lotwatch.fact_ending_lot.serial_number IS 'serial number of the unit, as on the label; null: has none';
COMMENT ON COLUMN lotwatch.fact_ending_lot.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_ending_lot.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_ending_lot.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_ending_lot.jurisdiction IS 'whose device law holds at the site: cn, us or eu; null: another''s, or not told';
COMMENT ON COLUMN lotwatch.fact_ending_lot.held IS 'under a hold of ours';
COMMENT ON COLUMN lotwatch.fact_ending_lot.blocked IS 'the owning system blocks all of it';
COMMENT ON COLUMN lotwatch.fact_ending_lot.consigned IS 'the supplier''s until it is used, all of it or some';
COMMENT ON COLUMN lotwatch.fact_ending_lot.usable_through IS 'last day of use, inclusive, or of sterility where that ends first';
COMMENT ON COLUMN lotwatch.fact_ending_lot.days_to_expiry IS 'days until the last day of use; negative: expired';
COMMENT ON COLUMN lotwatch.fact_ending_lot.expired IS 'past its last day of use, in the site''s zone';
COMMENT ON COLUMN lotwatch.fact_ending_lot.physical IS 'what is there, whatever its state (base units)';
COMMENT ON COLUMN lotwatch.fact_ending_lot.usable IS 'of physical: neither held nor blocked nor expired, and known to be there (base units)';
COMMENT ON COLUMN lotwatch.fact_ending_lot.average_daily_usage IS 'mean usage of the item at the site (base units a day); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_ending_lot.quantity_at_risk IS 'will not be used by its last day of use at the mean usage, when the lots of the item at the site that end first are used first; all that is held, blocked or expired (base units)';
COMMENT ON COLUMN lotwatch.fact_ending_lot.value_at_risk IS 'of quantity_at_risk, if it is our own, at unit cost (the company''s currency); null: cost not told';
COMMENT ON COLUMN lotwatch.fact_ending_lot.return_by IS 'last day on which its supplier takes it back, by the agreement and the first receipt; null: no agreement says so, or nothing is at risk';
COMMENT ON COLUMN lotwatch.fact_ending_lot.transfer_by IS 'last day on which it may leave for another site that still uses what is at risk in time, by the lane''s transit time; null: no lane leads to a site that uses it, nothing is at risk, or it ends in more than 180 days';
COMMENT ON COLUMN lotwatch.fact_ending_lot.transfer_to IS 'code of that site; null: as for transfer_by';
COMMENT ON COLUMN lotwatch.fact_ending_lot.hand_over_by IS 'last day on which it still has the remaining life that customers of the site ask for; null: none asks, or nothing is at risk';
COMMENT ON COLUMN lotwatch.fact_ending_lot.deadline_on IS 'the earliest of these days and usable_through that has not passed: until then something helps; null: expired';
COMMENT ON COLUMN lotwatch.fact_ending_lot.days_to_deadline IS 'days until deadline_on; null: expired';
COMMENT ON COLUMN lotwatch.fact_ending_lot.deadline IS 'which day that is: return, transfer, hand_over or last_day; null: expired';
COMMENT ON COLUMN lotwatch.fact_ending_lot.disposition IS 'what helps: return_to_supplier, redistribute, use_first or scrap';
COMMENT ON COLUMN lotwatch.fact_ending_lot.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

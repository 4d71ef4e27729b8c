-- What suppliers delivered in the last thirty days, lot by lot, and how much life it had left.
CREATE VIEW lotwatch.fact_received_lot AS
SELECT
    receipt.order_line_key || '/' || coalesce(serial_unit.number, lot.number, '-') || '@' || site.code AS subject_key,
    receipt.item_id,
    receipt.site_id,
    lot.lot_id,
    line.supplier_id,
    line.order_number,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    receipt.quantity,
    receipt.received_on,
    label.last_day AS usable_through,
    label.last_day - receipt.received_on AS remaining_life_days,
    agreement.minimum_remaining_life_days,
    agreement.minimum_remaining_life_days - (label.last_day - receipt.received_on) AS days_short,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM (
    SELECT
        movement.item_id,
        destination.site_id,
        movement.lot_id,
        movement.serial_id,
        movement.order_line_key,
        sum(movement.quantity)::bigint AS quantity,
        max((movement.occurred_at AT TIME ZONE destination.time_zone)::date) AS received_on
    FROM lotwatch.movement AS movement
    INNER JOIN lotwatch.location AS origin ON movement.from_location_id = origin.location_id AND origin.kind = 'supplier'
    INNER JOIN lotwatch.location AS destination
        ON movement.to_location_id = destination.location_id AND destination.site_id IS NOT NULL
    WHERE
        movement.order_line_key IS NOT NULL AND movement.kind = 'movement'
        AND movement.occurred_at > (SELECT lotwatch.as_of() - interval '30 days')
        AND movement.occurred_at <= (SELECT lotwatch.as_of()) AND movement.recorded_at <= (SELECT lotwatch.known_at())
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.movement_source AS taken_back
            WHERE taken_back.reverses_id = movement.movement_id
        )
    GROUP BY
        movement.item_id, destination.site_id, movement.lot_id, movement.serial_id, movement.order_line_key
) AS receipt
INNER JOIN lotwatch.purchase_order_line AS line ON receipt.order_line_key = line.source_key AND receipt.item_id = line.item_id
INNER JOIN lotwatch.supplier AS supplier ON line.supplier_id = supplier.supplier_id
INNER JOIN lotwatch.item AS item ON receipt.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON receipt.site_id = site.location_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON receipt.serial_id = serial_unit.serial_id
LEFT JOIN lotwatch.lot AS lot ON coalesce(serial_unit.lot_id, receipt.lot_id) = lot.lot_id
LEFT JOIN lotwatch.supplier_agreement AS agreement
    ON receipt.item_id = agreement.item_id AND line.supplier_id = agreement.supplier_id
CROSS JOIN LATERAL (SELECT lotwatch.last_day(serial_unit, lot) AS last_day) AS label;

COMMENT ON VIEW lotwatch.fact_received_lot IS 'One row for each lot or serial unit that came of an order line to a site in the last thirty days.';
COMMENT ON COLUMN lotwatch.fact_received_lot.subject_key IS 'what an alert is about: key of the order line / lot or serial number @ site code';
COMMENT ON COLUMN lotwatch.fact_received_lot.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_received_lot.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_received_lot.lot_id IS 'our number of the lot; null: none';
COMMENT ON COLUMN lotwatch.fact_received_lot.supplier_id IS 'our number of the supplier';
COMMENT ON COLUMN lotwatch.fact_received_lot.order_number IS 'number of the order; null: not told';
COMMENT ON COLUMN lotwatch.fact_received_lot.supplier_code IS 'code of the supplier';
COMMENT ON COLUMN lotwatch.fact_received_lot.supplier_name IS 'name of the supplier';
COMMENT ON COLUMN lotwatch.fact_received_lot.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_received_lot.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_received_lot.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_received_lot.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_received_lot.lot_number IS 'number of the lot, as on the label; null: has none';
COMMENT ON COLUMN lotwatch.fact_received_lot.serial_number IS 'serial number of the unit, as on the label; null: has none';
COMMENT ON COLUMN lotwatch.fact_received_lot.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_received_lot.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_received_lot.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_received_lot.quantity IS 'received of it (base units)';
COMMENT ON COLUMN lotwatch.fact_received_lot.received_on IS 'day on which it came, or the last of it, in the site''s zone';
COMMENT ON COLUMN lotwatch.fact_received_lot.usable_through IS 'last day of use, inclusive, or of sterility where that ends first; null: not on the label';
COMMENT ON COLUMN lotwatch.fact_received_lot.remaining_life_days IS 'days from its receipt to the last day of use; negative: it came expired; null: not on the label';
COMMENT ON COLUMN lotwatch.fact_received_lot.minimum_remaining_life_days IS 'days of life that the supplier has agreed to leave; null: nothing agreed';
COMMENT ON COLUMN lotwatch.fact_received_lot.days_short IS 'days by which it had less; negative: it had more; null: not on the label, or nothing agreed';
COMMENT ON COLUMN lotwatch.fact_received_lot.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

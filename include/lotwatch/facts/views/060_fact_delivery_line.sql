CREATE VIEW lotwatch.fact_delivery_line AS
SELECT
    line.source || ':' || line.source_key AS subject_key,
    line.item_id,
    line.to_site_id AS site_id,
    line.lot_id,
    line.number AS delivery_number,
    line.carrier,
    line.tracking_number,
    line.sscc,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    origin.code AS from_site_code,
    destination.code AS to_location_code,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    line.quantity,
    line.shipped_at,
    line.expected_at,
    round(extract(EPOCH FROM lotwatch.as_of() - line.expected_at) / 3600, 1) AS hours_late,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM lotwatch.delivery_line_moving AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS destination ON line.to_location_id = destination.location_id
LEFT JOIN lotwatch.location AS site ON line.to_site_id = site.location_id
LEFT JOIN lotwatch.location AS origin ON line.from_site_id = origin.location_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON line.serial_id = serial_unit.serial_id;

COMMENT ON VIEW lotwatch.fact_delivery_line IS 'One row for each line of a delivery that has left and not arrived.';
COMMENT ON COLUMN lotwatch.fact_delivery_line.subject_key IS 'what an alert is about: source : key of the line there';
COMMENT ON COLUMN lotwatch.fact_delivery_line.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_delivery_line.site_id IS 'our number of the site it goes to; null: out of the house';
COMMENT ON COLUMN lotwatch.fact_delivery_line.lot_id IS 'our number of the lot; 0: none';
COMMENT ON COLUMN lotwatch.fact_delivery_line.delivery_number IS 'number of the delivery; null: not told';
COMMENT ON COLUMN lotwatch.fact_delivery_line.carrier IS 'who carries it; null: not told';
COMMENT ON COLUMN lotwatch.fact_delivery_line.tracking_number IS 'the carrier''s number; null: not told';
COMMENT ON COLUMN lotwatch.fact_delivery_line.sscc IS 'GS1 number of the pallet or case it is in; null: not told';
COMMENT ON COLUMN lotwatch.fact_delivery_line.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_delivery_line.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_delivery_line.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_delivery_line.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_delivery_line.lot_number IS 'number of the lot, as on the label; null: has none';
COMMENT ON COLUMN lotwatch.fact_delivery_line.serial_number IS 'serial number of the unit, as on the label; null: has none';
COMMENT ON COLUMN lotwatch.fact_delivery_line.from_site_code IS 'code of the site that sent it; null: from outside';
COMMENT ON COLUMN lotwatch.fact_delivery_line.to_location_code IS 'code of the place it goes to';
COMMENT ON COLUMN lotwatch.fact_delivery_line.site_code IS 'code of the site it goes to; null: out of the house';
COMMENT ON COLUMN lotwatch.fact_delivery_line.site_name IS 'name of the site it goes to; null: out of the house';
COMMENT ON COLUMN lotwatch.fact_delivery_line.region IS 'region of the site it goes to; null: not told';
COMMENT ON COLUMN lotwatch.fact_delivery_line.quantity IS 'not yet received of it (base units)';
COMMENT ON COLUMN lotwatch.fact_delivery_line.shipped_at IS 'when it left';
COMMENT ON COLUMN lotwatch.fact_delivery_line.expected_at IS 'when it should arrive; null: not told';
COMMENT ON COLUMN lotwatch.fact_delivery_line.hours_late IS 'hours since it should have arrived; negative: not yet due; null: not told when';
COMMENT ON COLUMN lotwatch.fact_delivery_line.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

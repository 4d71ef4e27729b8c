CREATE VIEW lotwatch.fact_unit_in_conflict AS
SELECT
    item.code || '/' || serial_unit.number || '@' || site.code AS subject_key,
    stock.item_id,
    place.site_id,
    stock.serial_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    sum(stock.quantity)::bigint AS physical,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM lotwatch.serial_conflict AS doubtful
INNER JOIN lotwatch.stock AS stock ON doubtful.serial_id = stock.serial_id
INNER JOIN lotwatch.serial_unit AS serial_unit ON stock.serial_id = serial_unit.serial_id
INNER JOIN lotwatch.item AS item ON stock.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
INNER JOIN lotwatch.location AS site ON place.site_id = site.location_id
LEFT JOIN lotwatch.lot AS lot ON serial_unit.lot_id = lot.lot_id
GROUP BY
    stock.item_id, item.item_id, stock.serial_id, serial_unit.serial_id, lot.lot_id, place.site_id, site.location_id;

COMMENT ON VIEW lotwatch.fact_unit_in_conflict IS 'One row for each serial unit whose whereabouts contradict one another, at each site where the books have it.';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.subject_key IS 'what an alert is about: item code / serial number @ site code';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.serial_id IS 'our number of the serial unit';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.lot_number IS 'number of the lot, as on the label; null: has none';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.serial_number IS 'serial number of the unit, as on the label';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.physical IS 'of it there (base units); negative: it left a place where it was not';
COMMENT ON COLUMN lotwatch.fact_unit_in_conflict.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

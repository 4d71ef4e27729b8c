-- What checks of consistency hold side by side, each for two of them.

-- Items, and the device records of the identifiers of their units.
CREATE VIEW lotwatch.item_device_record AS
SELECT
    item.*,
    device.source AS record_source,
    device.udi_di AS record_udi_di,
    device.company AS record_company,
    device.registration_number AS record_registration,
    device.ended_on AS record_ended_on,
    device.label_lot AS record_lot,
    device.label_serial AS record_serial,
    device.label_expiry AS record_expiry
FROM lotwatch.item AS item
INNER JOIN lotwatch.item_identifier AS known ON item.item_id = known.item_id AND known.package_level = 'unit'
INNER JOIN lotwatch.device_record AS device
    ON lotwatch.identifier_key(known.code) = lotwatch.identifier_key(device.udi_di);

-- Order lines, named as people know them, and what was received on them (base units).
CREATE VIEW lotwatch.order_line_received AS
SELECT
    line.*,
    line.source || '|' || line.source_key AS subject_key,
    item.code AS item_code,
    item.name AS item_name,
    supplier.name AS supplier_name,
    site.code AS site_code,
    coalesce(receipt.quantity, 0) AS received
FROM lotwatch.purchase_order_line AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.supplier AS supplier ON line.supplier_id = supplier.supplier_id
INNER JOIN lotwatch.location AS site ON line.site_id = site.location_id
LEFT JOIN lotwatch.order_line_receipt AS receipt ON line.source_key = receipt.order_line_key;

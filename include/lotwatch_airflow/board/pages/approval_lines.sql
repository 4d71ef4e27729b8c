-- What a proposal is about, line by line, and the alert that made each: with lots, and with what was refused or struck.
SELECT
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    lot.number AS lot_number,
    lot.usable_through,
    unit.number AS serial_number,
    place.name AS location_name,
    place.code AS location_code,
    format('%%s.%%s.%%s.%%s', line.item_id, line.lot_id, line.serial_id, line.location_id) AS line_key,
    line.quantity,
    line.unit_price,
    line.requested_on,
    line.refused,
    line.why,
    alert.rule_id,
    alert.severity,
    alert.subject,
    alert.evidence
FROM lotwatch.proposal_line AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
LEFT JOIN lotwatch.location AS place ON line.location_id = place.location_id
LEFT JOIN lotwatch.alert AS alert ON line.alert_id = alert.alert_id
WHERE line.proposal_id = %(proposal)s
ORDER BY line.refused, item.code, lot.number NULLS FIRST, unit.number, place.code

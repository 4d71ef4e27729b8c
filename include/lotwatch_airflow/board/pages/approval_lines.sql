-- What a proposal is about, line by line, and the alert that made each: with lots, for whom it is picked, and what was refused or
-- struck.
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
    replaced.code AS in_place_of,
    picked.stop,
    picked.wanted_by,
    alert.rule_id,
    alert.severity,
    alert.subject,
    alert.evidence
FROM lotwatch.proposal_line AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
LEFT JOIN lotwatch.location AS place ON line.location_id = place.location_id
LEFT JOIN lotwatch.item AS replaced ON (line.why ->> 'in_place_of')::bigint = replaced.item_id
LEFT JOIN lotwatch.alert AS alert ON line.alert_id = alert.alert_id
LEFT JOIN lotwatch.pick_wanted AS picked
    ON
        line.proposal_id = picked.proposal_id AND line.item_id = picked.item_id AND line.lot_id = picked.lot_id
        AND line.serial_id = picked.serial_id AND line.location_id = picked.location_id
WHERE line.proposal_id = %(proposal)s
ORDER BY line.refused, picked.stop, item.code, lot.number NULLS FIRST, unit.number, place.code

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
LEFT JOIN LATERAL (
    SELECT
        min(pick.stop) AS stop,
        jsonb_agg(
            jsonb_build_object(
                'quantity', pick.quantity,
                'order', coalesce(demand.number, demand.source_key, pick.demand_line_key),
                'priority', demand.priority,
                'place', destination.name
            ) ORDER BY pick.turn
        ) AS wanted_by
    FROM lotwatch.pick AS pick
    LEFT JOIN lotwatch.demand_order_line AS wanted
        ON pick.source = wanted.source AND pick.demand_line_key = wanted.source_key
    LEFT JOIN lotwatch.demand_order AS demand ON wanted.demand_order_id = demand.demand_order_id
    LEFT JOIN lotwatch.location AS destination ON demand.customer_location_id = destination.location_id
    WHERE
        pick.proposal_id = line.proposal_id AND pick.item_id = line.item_id AND pick.lot_id = line.lot_id
        AND pick.serial_id = line.serial_id AND pick.location_id = line.location_id
) AS picked ON TRUE
WHERE line.proposal_id = %(proposal)s
ORDER BY line.refused, picked.stop, item.code, lot.number NULLS FIRST, unit.number, place.code

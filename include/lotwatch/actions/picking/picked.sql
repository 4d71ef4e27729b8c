-- What of a pick wave is for whom: by order, along the walk. Of a line that was made smaller, those whose turn comes first get
-- what is left.
SELECT
    part.source,
    demand.source_key AS order_key,
    coalesce(demand.number, demand.source_key) AS order_number,
    coalesce(place.name, '') AS destination,
    part.demand_line_key,
    part.stop,
    part.item_id,
    part.lot_id,
    part.serial_id,
    part.location_id,
    least(part.quantity, part.available - part.before)::bigint AS quantity
FROM (
    SELECT
        pick.*,
        line.quantity AS available,
        coalesce(sum(pick.quantity) OVER (
            PARTITION BY pick.item_id, pick.lot_id, pick.serial_id, pick.location_id
            ORDER BY pick.turn, pick.source, pick.demand_line_key
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0)::bigint AS before
    FROM lotwatch.pick AS pick
    INNER JOIN lotwatch.proposal_line AS line USING (proposal_id, item_id, lot_id, serial_id, location_id)
    WHERE pick.proposal_id = %(proposal_id)s AND NOT line.refused
) AS part
INNER JOIN lotwatch.demand_order_line AS wanted
    ON part.source = wanted.source AND part.demand_line_key = wanted.source_key
INNER JOIN lotwatch.demand_order AS demand ON wanted.demand_order_id = demand.demand_order_id
LEFT JOIN lotwatch.location AS place ON demand.customer_location_id = place.location_id
WHERE part.available > part.before
ORDER BY part.stop, part.turn, part.item_id, part.lot_id, part.serial_id;

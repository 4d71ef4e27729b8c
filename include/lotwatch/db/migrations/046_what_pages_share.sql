-- What several statements ask: for whom a line of a pick wave is, and which numbers were found that nobody could name.
CREATE VIEW lotwatch.pick_wanted WITH (security_invoker = TRUE) AS
SELECT
    pick.proposal_id,
    pick.item_id,
    pick.lot_id,
    pick.serial_id,
    pick.location_id,
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
GROUP BY pick.proposal_id, pick.item_id, pick.lot_id, pick.serial_id, pick.location_id;
COMMENT ON VIEW lotwatch.pick_wanted IS 'for each line of a pick wave its stop, and for which orders it is, whose turn is first first';
GRANT SELECT ON lotwatch.pick_wanted TO lotwatch_app, lotwatch_board, lotwatch_auditor;

CREATE VIEW lotwatch.recall_find_unnamed WITH (security_invoker = TRUE) AS
SELECT
    task_id,
    said
FROM lotwatch.recall_find
WHERE standing = 'unknown'
GROUP BY task_id, said
HAVING sum(CASE outcome WHEN 'explained' THEN -quantity ELSE quantity END) <> 0;
COMMENT ON VIEW lotwatch.recall_find_unnamed IS
'numbers found in a task of a recall that nobody knows, and nobody has explained since';
GRANT SELECT ON lotwatch.recall_find_unnamed TO lotwatch_app, lotwatch_board, lotwatch_auditor;

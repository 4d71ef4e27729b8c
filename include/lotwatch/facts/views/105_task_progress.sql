-- Of the stock that open tasks take away, how much is gone: moved away since the task was opened, or simply no longer there. A
-- withdrawal's stock is gone when it has left its place, a disposal's when it has left the site.
CREATE VIEW lotwatch.task_progress AS
SELECT
    line.task_id,
    line.item_id,
    line.lot_id,
    line.serial_id,
    line.location_id,
    line.quantity,
    least(
        line.quantity,
        greatest(
            0,
            coalesce(moved.quantity, 0),
            -- what a customer has is in no book of ours
            CASE WHEN place.holds_stock THEN line.quantity - coalesce(there.quantity, 0) END
        )
    )::bigint AS gone
FROM lotwatch.task AS task
INNER JOIN lotwatch.task_line AS line ON task.task_id = line.task_id
INNER JOIN lotwatch.location AS place ON line.location_id = place.location_id
LEFT JOIN LATERAL (
    SELECT sum(known.quantity) AS quantity
    FROM lotwatch.position AS known
    INNER JOIN lotwatch.location AS shelf ON known.location_id = shelf.location_id
    WHERE
        known.item_id = line.item_id
        AND known.serial_id = line.serial_id AND (line.serial_id <> 0 OR known.lot_id = line.lot_id)
        AND line.location_id IN (known.location_id, CASE task.kind WHEN 'disposal' THEN shelf.site_id END)
) AS there ON true
LEFT JOIN LATERAL (
    SELECT
        sum(CASE
            WHEN line.location_id IN (movement.from_location_id, CASE task.kind WHEN 'disposal' THEN origin.site_id END)
                THEN movement.quantity
            WHEN movement.kind = 'reversal' THEN -movement.quantity
            ELSE 0
        END) AS quantity
    FROM lotwatch.movement AS movement
    INNER JOIN lotwatch.location AS origin ON movement.from_location_id = origin.location_id
    INNER JOIN lotwatch.location AS destination ON movement.to_location_id = destination.location_id
    WHERE
        movement.item_id = line.item_id AND movement.lot_id = line.lot_id AND movement.serial_id = 0
        AND line.serial_id = 0 AND movement.occurred_at > task.opened_at
        AND (task.kind <> 'disposal' OR origin.site_id IS DISTINCT FROM destination.site_id)
        AND line.location_id IN (
            movement.from_location_id, movement.to_location_id,
            CASE task.kind WHEN 'disposal' THEN origin.site_id END,
            CASE task.kind WHEN 'disposal' THEN destination.site_id END
        )
) AS moved ON true
WHERE task.state = 'open' AND task.kind IN ('disposal', 'withdrawal');

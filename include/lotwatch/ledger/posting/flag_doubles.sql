-- A serial number that a batch brought to a place while it is in another, or twice in one: flagged, and nobody knows
-- where it is until one of them is explained.
INSERT INTO lotwatch.movement_flag (movement_id, flag, item_id, location_id, lot_id, serial_id, quantity)
SELECT DISTINCT ON (moved.movement_id)
    moved.movement_id,
    'conflict',
    moved.item_id,
    moved.to_location_id,
    moved.lot_id,
    moved.serial_id,
    whole.quantity
FROM stage.movement AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
INNER JOIN lotwatch.movement_source AS source
    ON batch.source = source.source AND staged.source_key = source.source_event_id
CROSS JOIN LATERAL lotwatch.recorded_movement(source.movement_id, source.recorded_at) AS moved
CROSS JOIN
    LATERAL (
        SELECT coalesce(sum(position.quantity) FILTER (WHERE position.quantity > 0), 0)::bigint AS quantity
        FROM lotwatch.position AS position
        WHERE position.serial_id = moved.serial_id AND position.serial_id <> 0
    ) AS whole
WHERE
    staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.serial_number IS NOT NULL
    AND moved.batch_id = staged.batch_id AND moved.to_counted AND whole.quantity > 1
ORDER BY moved.movement_id
ON CONFLICT (movement_id, flag) DO NOTHING;

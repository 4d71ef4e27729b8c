-- Where did exposed lots go from the places where they are held? Of the excursions that were judged just now all that left
-- since they began; of the others, what a batch says.
WITH RECURSIVE held AS (
    SELECT
        hold.hold_id,
        hold.reference,
        hold.reason,
        hold.item_id,
        hold.lot_id,
        hold.location_id,
        excursion.started_at
    FROM lotwatch.hold AS hold
    INNER JOIN lotwatch.excursion AS excursion ON hold.reference = excursion.code
    WHERE
        hold.cause = 'cold_chain' AND hold.released_at IS NULL AND hold.location_id IS NOT NULL
        AND hold.item_id IS NOT NULL AND hold.serial_id IS NULL
),

covered AS (
    SELECT
        held.hold_id,
        held.location_id
    FROM held
    UNION
    SELECT
        covered.hold_id,
        place.location_id
    FROM covered
    INNER JOIN lotwatch.location AS place ON covered.location_id = place.parent_id
),

told AS (
    SELECT movement.*
    FROM stage.movement AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.movement_source AS known
        ON batch.source = known.source AND staged.source_key = known.source_event_id
    INNER JOIN lotwatch.movement AS movement
        ON known.movement_id = movement.movement_id AND known.recorded_at = movement.recorded_at
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND EXISTS (SELECT 1 FROM held)
),

left_since AS (
    SELECT
        held.hold_id,
        told.movement_id,
        told.from_location_id,
        told.to_location_id
    FROM held
    INNER JOIN told
        ON
            held.item_id = told.item_id AND coalesce(held.lot_id, 0) = told.lot_id
            AND held.started_at <= told.occurred_at
    UNION
    SELECT
        held.hold_id,
        movement.movement_id,
        movement.from_location_id,
        movement.to_location_id
    FROM held
    INNER JOIN lotwatch.movement AS movement
        ON
            held.item_id = movement.item_id AND coalesce(held.lot_id, 0) = movement.lot_id
            AND held.started_at <= movement.occurred_at
    WHERE held.reference = ANY(%(codes)s)
)

SELECT DISTINCT
    held.reference,
    held.reason,
    held.item_id,
    held.lot_id,
    left_since.to_location_id AS location_id
FROM left_since
INNER JOIN held ON left_since.hold_id = held.hold_id
INNER JOIN covered AS origin
    ON left_since.hold_id = origin.hold_id AND left_since.from_location_id = origin.location_id
INNER JOIN lotwatch.location AS destination ON left_since.to_location_id = destination.location_id
LEFT JOIN covered AS still_held
    ON left_since.hold_id = still_held.hold_id AND left_since.to_location_id = still_held.location_id
WHERE
    destination.holds_stock AND still_held.hold_id IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.movement_source AS taken_back
        WHERE taken_back.reverses_id = left_since.movement_id
    )
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.hold AS known
        WHERE
            known.cause = 'cold_chain' AND known.reference = held.reference AND known.item_id = held.item_id
            AND known.lot_id IS NOT DISTINCT FROM held.lot_id AND known.location_id = left_since.to_location_id
    )
ORDER BY held.reference, held.item_id, held.lot_id, location_id;

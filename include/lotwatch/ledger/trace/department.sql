-- What came to these places, went on from them and was used there in the period? Whatever was ever there has a position,
-- which stays when nothing is left.
WITH known AS (
    SELECT
        held.item_id,
        held.lot_id,
        CASE WHEN held.lot_id = 0 THEN held.serial_id ELSE 0 END AS serial_id,
        sum(held.quantity) AS there_now
    FROM lotwatch.position AS held
    WHERE held.location_id = ANY(%(places)s::bigint[])
    GROUP BY 1, 2, 3
),

moved AS (
    SELECT
        known.item_id AS known_item_id,
        known.lot_id AS known_lot_id,
        known.serial_id AS known_serial_id,
        movement.*
    FROM known
    INNER JOIN lotwatch.movement AS movement ON known.lot_id = movement.lot_id
    WHERE
        known.lot_id <> 0 AND movement.lot_id <> 0
        AND movement.occurred_at BETWEEN %(since)s::timestamptz AND %(until)s::timestamptz
    UNION ALL
    SELECT
        known.item_id,
        known.lot_id,
        known.serial_id,
        movement.*
    FROM known
    INNER JOIN lotwatch.movement AS movement ON known.serial_id = movement.serial_id
    WHERE
        known.serial_id <> 0 AND movement.serial_id <> 0 AND movement.lot_id = 0
        AND movement.occurred_at BETWEEN %(since)s::timestamptz AND %(until)s::timestamptz
    UNION ALL
    SELECT
        known.item_id,
        known.lot_id,
        known.serial_id,
        movement.*
    FROM known
    INNER JOIN lotwatch.movement AS movement ON known.item_id = movement.item_id
    WHERE
        known.lot_id = 0 AND known.serial_id = 0 AND movement.lot_id = 0 AND movement.serial_id = 0
        AND movement.occurred_at BETWEEN %(since)s::timestamptz AND %(until)s::timestamptz
),

-- what was taken back did not happen
happened AS (
    SELECT
        moved.*,
        moved.from_location_id = ANY(%(places)s::bigint[]) AS leaves,
        moved.to_location_id = ANY(%(places)s::bigint[]) AS comes,
        destination.kind = 'patient' AS uses
    FROM moved
    INNER JOIN lotwatch.location AS destination ON moved.to_location_id = destination.location_id
    WHERE
        moved.reverses_id IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.movement_source AS reversal
            WHERE reversal.reverses_id = moved.movement_id
        )
)

SELECT
    item.code AS item_code,
    item.name AS item_name,
    known.lot_id,
    known.serial_id,
    coalesce(sum(happened.quantity) FILTER (WHERE happened.comes AND NOT happened.leaves), 0)::bigint AS arrived,
    coalesce(
        sum(happened.quantity) FILTER (WHERE happened.leaves AND NOT happened.comes AND NOT happened.uses), 0
    )::bigint AS moved_on,
    coalesce(sum(happened.quantity) FILTER (WHERE happened.leaves AND happened.uses), 0)::bigint AS used,
    min(happened.occurred_at) AS first_at,
    max(happened.occurred_at) AS last_at,
    CASE WHEN %(with_stock)s::boolean THEN min(known.there_now) ELSE 0 END::bigint AS there_now
FROM known
INNER JOIN lotwatch.item AS item ON known.item_id = item.item_id
LEFT JOIN happened
    ON
        known.item_id = happened.known_item_id AND known.lot_id = happened.known_lot_id
        AND known.serial_id = happened.known_serial_id AND happened.leaves IS DISTINCT FROM happened.comes
GROUP BY 1, 2, 3, 4
HAVING count(happened.movement_id) > 0 OR (%(with_stock)s::boolean AND min(known.there_now) <> 0)
ORDER BY 1, 3, 4;
